// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "logs/line.h"

namespace hikae::logs {

struct LogContent {
  std::vector<Line> lines;  // in the order in which they were written
  std::size_t unreadable_lines = 0;
};

// The lines of `policy` from `since` on, of all files of the folder; a folder that is missing holds
// none. Files that were put aside before `since` are not opened. Throws Error when a file cannot be
// read.
LogContent load_log(const std::string& folder, const std::string& policy, Instant since);

}  // namespace hikae::logs
