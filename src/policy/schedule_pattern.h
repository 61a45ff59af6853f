// SPDX-License-Identifier: Apache-2.0
// Inside of the conversion only: which days and times a schedule means, found from what it does.
#pragma once

#include <optional>
#include <set>
#include <utility>

#include "policy/schedule.h"

namespace hikae::policy {

// Of the days that the months allow.
struct DayPattern {
  enum class Kind { every, weekdays, days, nth_weekday, last_weekday, last_day };
  Kind kind = Kind::every;
  std::set<unsigned> months;    // 1 to 12; all of them where nothing is said
  std::set<unsigned> weekdays;  // 0 is Sunday
  std::set<unsigned> days;      // of the month
  unsigned nth = 0;             // 1 to 4
};

struct SchedulePattern {
  DayPattern days;
  std::set<std::pair<int, int>> times;  // hour and minute
};

// `schedule` in UTC. Throws Error{unsupported} when it is finer than a minute, or follows no
// pattern of these kinds.
SchedulePattern find_pattern(const Schedule& schedule);

}  // namespace hikae::policy
