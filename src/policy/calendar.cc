// SPDX-License-Identifier: Apache-2.0
#include "policy/calendar.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace hikae::policy {
namespace {

using std::chrono::microseconds;
using std::chrono::year_month;

DayMask bit(int day) {
  return day >= 1 && day <= 31 ? DayMask{1} << day : 0;
}

// 0 is Sunday.
unsigned weekday_of(year_month month, int day) {
  const std::chrono::sys_days date = month / std::chrono::day(static_cast<unsigned>(day));
  return std::chrono::weekday(date).c_encoding();
}

std::optional<std::int64_t> next_in_range(const Range& range, std::int64_t at_least) {
  if (at_least <= range.start) return range.start;
  const std::int64_t steps = (at_least - range.start + range.step - 1) / range.step;
  const std::int64_t value = range.start + steps * range.step;
  if (value > range.stop) return std::nullopt;
  return value;
}

// The first time >= at_least inside one set of hours, minutes and seconds.
std::optional<microseconds> next_time(const TimesOfDay& times, microseconds at_least) {
  constexpr std::int64_t kMinute = 60 * kMicrosecondsPerSecond;
  const std::int64_t minutes = at_least.count() / kMinute;
  std::int64_t hour = minutes / 60;
  std::int64_t minute = minutes % 60;
  std::int64_t rest = at_least.count() % kMinute;
  while (const auto h = next_in(times.hours, hour)) {
    if (*h != hour) minute = rest = 0;
    hour = *h;
    while (const auto m = next_in(times.minutes, minute)) {
      if (*m != minute) rest = 0;
      minute = *m;
      if (const auto us = next_in(times.microseconds, rest)) {
        return microseconds((hour * 60 + minute) * kMinute + *us);
      }
      ++minute;
      rest = 0;
    }
    ++hour;
    minute = rest = 0;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> next_in(const Ranges& ranges, std::int64_t at_least) {
  std::optional<std::int64_t> best;
  for (const Range& range : ranges) {
    const auto value = next_in_range(range, at_least);
    if (value && (!best || *value < *best)) best = value;
  }
  return best;
}

bool contains(const Ranges& ranges, std::int64_t value) {
  return next_in(ranges, value) == value;
}

int days_in(year_month month) {
  return static_cast<int>(static_cast<unsigned>((month / std::chrono::last).day()));
}

DayMask all_days(year_month month) {
  // Bits 1 to n.
  return static_cast<DayMask>((std::uint64_t{2} << days_in(month)) - 2);
}

DayMask days_of(year_month month, const Ranges& days) {
  DayMask mask = 0;
  for (auto day = next_in(days, 1); day && *day <= 31; day = next_in(days, *day + 1)) {
    mask |= bit(static_cast<int>(*day));
  }
  return mask & all_days(month);
}

DayMask days_from_end(year_month month, const Ranges& ranges) {
  const std::int64_t length = days_in(month);
  DayMask mask = 0;
  for (const Range& range : ranges) {
    const bool is_open = range.stop == kToTheEnd;
    const std::int64_t first = length - (is_open ? range.start : range.stop) + 1;
    const std::int64_t last = is_open ? length : length - range.start + 1;
    for (std::int64_t day = first; day <= last; day += range.step) {
      mask |= bit(static_cast<int>(day));
    }
  }
  return mask & all_days(month);
}

DayMask days_on(year_month month, WeekdayMask weekdays) {
  DayMask mask = 0;
  unsigned weekday = weekday_of(month, 1);
  for (int day = 1; day <= 31; ++day) {
    if ((weekdays >> weekday & 1U) != 0) mask |= bit(day);
    weekday = (weekday + 1) % 7;
  }
  return mask & all_days(month);
}

DayMask nth_weekday(year_month month, unsigned weekday, int n) {
  DayMask mask = days_on(month, WeekdayMask{1} << weekday);
  if (n < 0) return mask == 0 ? 0 : std::bit_floor(mask);
  for (int skipped = 1; skipped < n; ++skipped) mask &= mask - 1;
  return mask & (~mask + 1);
}

DayMask nearest_working_day(year_month month, int day) {
  const int length = days_in(month);
  if (day < 1 || day > length) return 0;
  const unsigned weekday = weekday_of(month, day);
  if (weekday == 6) return bit(day > 1 ? day - 1 : day + 2);
  if (weekday == 0) return bit(day < length ? day + 1 : day - 2);
  return bit(day);
}

TimesOfDay at_time(int hour, int minute, int second) {
  const auto only = [](std::int64_t value) { return Ranges{{value, value, 1}}; };
  return {only(hour), only(minute), only(second * kMicrosecondsPerSecond)};
}

CalendarRecurrence::CalendarRecurrence(DayRule days, std::vector<TimesOfDay> times)
    : days_(std::move(days)), times_(std::move(times)) {}

std::optional<microseconds> CalendarRecurrence::next_time_of_day(microseconds at_least) const {
  std::optional<microseconds> best;
  for (const TimesOfDay& times : times_) {
    const auto time = next_time(times, at_least);
    if (time && (!best || *time < *best)) best = time;
  }
  return best;
}

std::optional<LocalTime> CalendarRecurrence::next_wall_time(LocalTime at_least) const {
  LocalDay start = std::chrono::floor<std::chrono::days>(at_least);
  const LocalDay earliest{
      std::chrono::sys_days(std::chrono::year(kFirstYear) / 1 / 1).time_since_epoch()};
  auto time = std::chrono::ceil<microseconds>(at_least - start);
  if (start < earliest) {
    start = earliest;
    time = microseconds(0);
  }
  const std::chrono::year_month_day date(start);
  year_month month = date.year() / date.month();
  DayMask wanted = ~DayMask{0} << static_cast<unsigned>(date.day());
  const year_month end = std::chrono::year(kLastYear) / 12;
  for (; month <= end; month += std::chrono::months(1)) {
    for (DayMask mask = days_(month) & wanted; mask != 0; mask &= mask - 1) {
      const auto day = std::chrono::day(static_cast<unsigned>(std::countr_zero(mask)));
      const LocalDay found{month / day};
      if (const auto at = next_time_of_day(found == start ? time : microseconds(0))) {
        return found + *at;
      }
    }
    wanted = ~DayMask{0};
  }
  return std::nullopt;
}

std::optional<Instant> CalendarRecurrence::next_after(Instant after, const TimeZone& zone) const {
  LocalTime from = zone.to_fresh_local(after);
  // Wall times and instants run in step except around a change of the clocks, so this loop ends
  // after one or two rounds.
  while (const auto wall = next_wall_time(from)) {
    const Instant when = zone.to_instant(*wall);
    if (when > after) return when;
    from = *wall + microseconds(1);
  }
  return std::nullopt;
}

std::optional<Instant> IntervalRecurrence::next_after(Instant after, const TimeZone&) const {
  const auto elapsed = std::chrono::floor<std::chrono::seconds>(after.time_since_epoch());
  auto periods = elapsed.count() / interval_.count();
  if (elapsed.count() < 0 && elapsed.count() % interval_.count() != 0) --periods;
  return Instant(interval_ * (periods + 1));
}

}  // namespace hikae::policy
