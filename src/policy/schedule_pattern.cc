// SPDX-License-Identifier: Apache-2.0
#include "policy/schedule_pattern.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"
#include "policy/calendar.h"

namespace hikae::policy {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

// A leap year and a century's worth of weekday positions are in it.
constexpr sys_days kBegin{std::chrono::year{2024} / 1 / 1};
constexpr sys_days kEnd{std::chrono::year{2032} / 1 / 1};
constexpr int kMinutesOfDay = 24 * 60;

Error no_pattern() {
  return Error(ErrorCode::unsupported, text("schedule.convert_no_pattern"))
      .with_hint(text("schedule.convert_hint"));
}

std::set<std::pair<int, int>> times_on(const Schedule& schedule, sys_days day) {
  std::set<std::pair<int, int>> times;
  const Instant begin = day;
  for (auto next = schedule.next_after(begin - std::chrono::nanoseconds(1));
       next && *next < begin + days(1);
       next = schedule.next_after(*next)) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(*next - begin);
    if (begin + minutes != *next || times.size() > kMinutesOfDay)
      throw Error(ErrorCode::unsupported, text("schedule.convert_seconds"))
          .with_hint(text("schedule.convert_hint"));
    times.emplace(static_cast<int>(minutes.count() / 60), static_cast<int>(minutes.count() % 60));
  }
  return times;
}

std::vector<sys_days> days_of(const Schedule& schedule) {
  std::vector<sys_days> found;
  for (sys_days day = kBegin; day < kEnd;) {
    const auto next = schedule.next_after(Instant(day) - std::chrono::nanoseconds(1));
    if (!next) break;
    const sys_days at = std::chrono::floor<days>(*next);
    if (at >= kEnd) break;
    found.push_back(at);
    day = at + days(1);
  }
  return found;
}

unsigned weekday_of(sys_days day) {
  return std::chrono::weekday(day).c_encoding();
}
unsigned month_day_of(sys_days day) {
  return static_cast<unsigned>(year_month_day(day).day());
}
bool is_last_day(sys_days day) {
  return year_month_day(day).month() != year_month_day(day + days(1)).month();
}
bool is_in_last_week(sys_days day) {
  return year_month_day(day).month() != year_month_day(day + days(7)).month();
}

bool is_meant(const DayPattern& pattern, sys_days day) {
  if (!pattern.months.contains(static_cast<unsigned>(year_month_day(day).month()))) return false;
  switch (pattern.kind) {
    case DayPattern::Kind::every:
      return true;
    case DayPattern::Kind::weekdays:
      return pattern.weekdays.contains(weekday_of(day));
    case DayPattern::Kind::days:
      return pattern.days.contains(month_day_of(day));
    case DayPattern::Kind::nth_weekday:
      return pattern.weekdays.contains(weekday_of(day)) &&
             (month_day_of(day) - 1) / 7 + 1 == pattern.nth;
    case DayPattern::Kind::last_weekday:
      return pattern.weekdays.contains(weekday_of(day)) && is_in_last_week(day);
    case DayPattern::Kind::last_day:
      return is_last_day(day);
  }
  return false;
}

bool fits(const DayPattern& pattern, const std::set<sys_days>& found) {
  for (sys_days day = kBegin; day < kEnd; day += days(1)) {
    if (is_meant(pattern, day) != found.contains(day)) return false;
  }
  return true;
}

DayPattern find_days(const std::vector<sys_days>& list) {
  const std::set<sys_days> found(list.begin(), list.end());
  DayPattern pattern;
  for (const sys_days day : list) {
    pattern.months.insert(static_cast<unsigned>(year_month_day(day).month()));
    pattern.weekdays.insert(weekday_of(day));
    pattern.days.insert(month_day_of(day));
  }
  pattern.nth = (month_day_of(list.front()) - 1) / 7 + 1;
  for (const DayPattern::Kind kind : {DayPattern::Kind::every,
                                      DayPattern::Kind::weekdays,
                                      DayPattern::Kind::last_day,
                                      DayPattern::Kind::days,
                                      DayPattern::Kind::nth_weekday,
                                      DayPattern::Kind::last_weekday}) {
    pattern.kind = kind;
    if (fits(pattern, found)) return pattern;
  }
  throw no_pattern();
}

}  // namespace

SchedulePattern find_pattern(const Schedule& schedule) {
  const std::vector<sys_days> found = days_of(schedule);
  if (found.empty()) throw no_pattern();
  SchedulePattern pattern;
  pattern.times = times_on(schedule, found.front());
  pattern.days = find_days(found);
  // Every tenth day at least: the whole is compared in the end.
  for (std::size_t i = 1; i < found.size(); i += 7) {
    if (times_on(schedule, found[i]) != pattern.times) throw no_pattern();
  }
  return pattern;
}

}  // namespace hikae::policy
