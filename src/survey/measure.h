// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace hikae::survey {

struct Measure {
  std::uint64_t files = 0;  // all entries but folders
  std::uint64_t folders = 0;
  std::uint64_t empty_folders = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unreadable = 0;  // folders that could not be listed
  bool is_complete = true;       // false: stopped at the limit, the numbers are a lower bound
};

// Counts what lies below a folder on its own file system, following no link, `limit` entries at
// most. A file is a measure of one file; what is not there of none.
Measure measure_tree(const std::string& system_path, std::uint64_t limit);

// "1.500 GiB", or ">1.500 GiB" where it is not complete.
std::string shown_size(const Measure& measure);

}  // namespace hikae::survey
