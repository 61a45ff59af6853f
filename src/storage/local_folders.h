// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "concurrency/stop.h"
#include "os/fd.h"

namespace hikae {

// Makes a folder below `parent`, or leaves it as it is.
void make_folder(int parent, const std::string& name, mode_t mode);
// Makes each folder of "hikae/policies" below `at`, durably, and opens the last one.
os::Fd make_folders(int at, const std::string& path, mode_t mode);

// Each entry of an open folder but "." and "..", in no order. Throws Error for what the system
// reports, Cancelled when `stop` is requested.
void visit_entries(int folder,
                   const std::function<void(const std::string& name)>& visit,
                   const StopToken& stop);

// True when nothing but empty folders is found down to `depth` levels below.
bool holds_nothing(int folder, int depth, const StopToken& stop);

// "<64 hex digits>-tmp-…" or "config-tmp-…": what a killed save left.
bool is_temporary_name(const std::string& name);

}  // namespace hikae
