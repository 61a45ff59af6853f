// SPDX-License-Identifier: Apache-2.0
// Object lock over time. A store locks each object for the policy's period from when it was stored.
// A pack that a newer generation still needs is older than that generation, so its lock would end
// first: somebody who has the keys could then delete it, and the generation with it. So each run
// moves the ends of what its generations need.
#pragma once

#include <chrono>
#include <string>
#include <unordered_set>
#include <vector>

#include "repository/repository.h"

namespace hikae {

struct LockedFile {
  FileHandle file;
  Instant until;
};

// The files whose lock ends before now + keep, each with its new end. That lies keep / 4 beyond, so
// that a file costs a request once in that time and not with every run. Pure.
std::vector<LockedFile> plan_lock_extensions(const std::vector<LockedFile>& needed,
                                             std::chrono::seconds keep,
                                             Instant now);

struct LockExtensions {
  std::size_t extended = 0;
  std::size_t failed = 0;
  std::optional<Error> failure;  // the first
};

// Moves the ends of the packs `needed` and of all that is needed to read any pack: config, keys and
// index files. When a lock ends is known from the date of the object, and from `memory_file`, which
// notes what was moved here before; without it some requests are made in vain. As many requests at
// once as the backend has connections. What fails for one file is counted, and tried by the next
// run. Throws Error when the files cannot be listed.
LockExtensions extend_object_locks(Repository& repository,
                                   const std::unordered_set<PackId>& needed,
                                   std::chrono::seconds keep,
                                   const std::string& memory_file,
                                   Instant now,
                                   const StopToken& stop);

}  // namespace hikae
