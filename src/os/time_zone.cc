// SPDX-License-Identifier: Apache-2.0
#include "os/time_zone.h"

#include <ctime>

namespace hikae::os {
namespace {

constexpr std::int64_t kDay = 86400;
// Days that fit into an entry; the others are 3 million centuries away.
constexpr std::int64_t kLastDay = std::int64_t{1} << 38;

std::int32_t ask_system(std::int64_t unix_seconds) {
  const time_t seconds = unix_seconds;
  tm fields{};
  // Fails only for years beyond an int.
  if (localtime_r(&seconds, &fields) == nullptr) return 0;
  return static_cast<std::int32_t>(fields.tm_gmtoff);
}

// 24 bits hold any offset (with its bias), 40 bits the day.
std::uint64_t pack(std::int64_t day, std::int32_t offset) {
  const auto biased = static_cast<std::uint64_t>(std::int64_t{offset} + (1 << 23));
  return (static_cast<std::uint64_t>(day) << 24U) | (biased & 0xffffffU);
}

}  // namespace

LocalOffsets::LocalOffsets() {
  // localtime_r does not look at TZ by itself.
  tzset();
  // A day that belongs into the next entry: never asked for in this one.
  std::int64_t elsewhere = 1;
  for (auto& day : days_) day.store(pack(elsewhere++, 0), std::memory_order_relaxed);
}

std::int32_t LocalOffsets::at(std::int64_t unix_seconds) const {
  std::int64_t day = unix_seconds / kDay;
  if (unix_seconds % kDay < 0) --day;
  if (day > kLastDay || day < -kLastDay) return ask_system(unix_seconds);
  auto& entry = days_[static_cast<std::uint64_t>(day) % kEntries];
  const std::uint64_t known = entry.load(std::memory_order_relaxed);
  const auto known_offset = static_cast<std::int32_t>(known & 0xffffffU) - (1 << 23);
  if (known == pack(day, known_offset)) return known_offset;
  const std::int32_t offset = ask_system(unix_seconds);
  // No zone changes forth and back within one day.
  if (ask_system(day * kDay) == ask_system((day + 1) * kDay))
    entry.store(pack(day, offset), std::memory_order_relaxed);
  return offset;
}

}  // namespace hikae::os
