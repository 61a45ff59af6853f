// SPDX-License-Identifier: Apache-2.0
// How the bytes of a file arrive: for tests of bandwidth limits.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "concurrency/task_group.h"

namespace hikae::testing {

// How much was there when.
using Arrivals = std::vector<std::pair<std::chrono::steady_clock::time_point, std::uint64_t>>;

// Of the largest file below `folder`; 0 while there is none.
inline std::uint64_t draft_size(const std::filesystem::path& folder) {
  std::uint64_t size = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, gone)) {
    std::error_code renamed;
    if (!entry.is_regular_file(renamed)) continue;
    const std::uintmax_t found = std::filesystem::file_size(entry, renamed);
    if (!renamed) size = std::max<std::uint64_t>(size, found);
  }
  return size;
}

// Runs `save` and looks at the file until it is `whole`.
inline Arrivals watch_draft(const std::filesystem::path& folder,
                            std::uint64_t whole,
                            const std::function<void(const StopToken&)>& save) {
  Arrivals arrivals;
  TaskGroup tasks{StopToken()};
  tasks.spawn("save", save);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < limit) {
    // The size before the time: a watcher that is held up in between takes it for older than it is,
    // which only makes a burst look shorter by that.
    const std::uint64_t size = draft_size(folder);
    const auto now = std::chrono::steady_clock::now();
    if (arrivals.empty() || arrivals.back().second != size) arrivals.emplace_back(now, size);
    if (size >= whole) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  tasks.join();
  return arrivals;
}

// By how much time at most what came between two looks was ahead of a line that passes `rate` bytes
// a second.
inline std::chrono::milliseconds longest_burst(const Arrivals& arrivals, std::uint64_t rate) {
  std::chrono::milliseconds longest{0};
  for (std::size_t from = 0; from < arrivals.size(); ++from) {
    for (std::size_t to = from + 1; to < arrivals.size(); ++to) {
      const std::chrono::duration<double> needed{
          static_cast<double>(arrivals[to].second - arrivals[from].second) /
          static_cast<double>(rate)};
      const auto ahead = needed - (arrivals[to].first - arrivals[from].first);
      longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(ahead));
    }
  }
  return longest;
}

}  // namespace hikae::testing
