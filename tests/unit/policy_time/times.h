// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "policy/schedule.h"
#include "policy/time_zone.h"

namespace hikae::policy::testing {

// "2026-11-23 02:00" or "2026-11-23 02:00:30".
inline LocalTime wall(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  const int fields =
      std::sscanf(text.c_str(), "%d-%u-%u %d:%d:%d", &year, &month, &day, &hour, &minute, &second);
  if (fields < 3) throw std::invalid_argument("not a time: " + text);
  const LocalDay date(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day));
  return date + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

inline Instant at(const std::string& text, const TimeZone& zone = TimeZone::utc()) {
  return zone.to_instant(wall(text));
}

// The next `count` due times on the wall of `show`.
inline std::vector<std::string> next_times(const Schedule& schedule,
                                           Instant after,
                                           int count,
                                           const TimeZone& show) {
  std::vector<std::string> times;
  for (auto next = schedule.next_after(after); next && count > 0; --count) {
    times.push_back(format_local(show.to_local(*next)));
    next = schedule.next_after(*next);
  }
  return times;
}

// In UTC throughout.
inline std::vector<std::string> next_times(const std::string& schedule,
                                           const std::string& after,
                                           int count) {
  const TimeZone utc = TimeZone::utc();
  return next_times(parse_schedule(schedule, utc), at(after), count, utc);
}

}  // namespace hikae::policy::testing
