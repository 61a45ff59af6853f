// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "postgres/dump_watcher.h"

// The kinds behind dump_watcher.h.
namespace hikae::postgres {

std::unique_ptr<DumpWatcher> watch_archive();
// SQL that must hold `end_mark`, a line, among its last ones.
std::unique_ptr<DumpWatcher> watch_sql(std::string end_mark);

}  // namespace hikae::postgres
