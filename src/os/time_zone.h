// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace hikae::os {

// The offsets from UTC of the host's time zone (TZ, else /etc/localtime, read when the object is
// made). Thread-safe and fast enough to be asked for each time of each file.
class LocalOffsets {
 public:
  LocalOffsets();
  // Seconds east of UTC at that moment.
  std::int32_t at(std::int64_t unix_seconds) const;

 private:
  // One entry remembers a UTC day in which the offset does not change: day number and offset.
  static constexpr std::size_t kEntries = 4096;
  mutable std::array<std::atomic<std::uint64_t>, kEntries> days_;
};

}  // namespace hikae::os
