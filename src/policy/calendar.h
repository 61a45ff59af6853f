// SPDX-License-Identifier: Apache-2.0
// What all forms of schedules become: days of a calendar with times of the day, or a fixed
// interval.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "policy/time_zone.h"

namespace hikae::policy {

class Recurrence {
 public:
  virtual ~Recurrence() = default;
  // The first instant later than `after`; nullopt when there is none any more.
  virtual std::optional<Instant> next_after(Instant after, const TimeZone& zone) const = 0;
};

// start, start + step, … until stop, inclusive. step >= 1, start <= stop.
struct Range {
  std::int64_t start = 0;
  std::int64_t stop = 0;
  std::int64_t step = 1;
};
// A union. Never empty.
using Ranges = std::vector<Range>;

// The smallest member >= at_least.
std::optional<std::int64_t> next_in(const Ranges& ranges, std::int64_t at_least);
bool contains(const Ranges& ranges, std::int64_t value);

// Bit d stands for day d of a month, bits 1 to 31.
using DayMask = std::uint32_t;
// Bit 0 is Sunday, bit 6 Saturday.
using WeekdayMask = std::uint32_t;
inline constexpr WeekdayMask kAllWeekdays = 0x7f;

int days_in(std::chrono::year_month month);
DayMask all_days(std::chrono::year_month month);
DayMask days_of(std::chrono::year_month month, const Ranges& days);
// Counted from the end: 1 is the last day. A range runs towards the end of the month, by its step
// from its earliest day; a range whose step has no stop has stop == kToTheEnd.
inline constexpr std::int64_t kToTheEnd = 0;
DayMask days_from_end(std::chrono::year_month month, const Ranges& ranges);
DayMask days_on(std::chrono::year_month month, WeekdayMask weekdays);
// The nth (1 to 5) of that weekday (0 is Sunday); 0 when the month has none. n = -1: the last.
DayMask nth_weekday(std::chrono::year_month month, unsigned weekday, int n);
// The working day (Monday to Friday) next to that day inside the month; 0 when there is no such
// day.
DayMask nearest_working_day(std::chrono::year_month month, int day);

inline constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

struct TimesOfDay {
  Ranges hours;
  Ranges minutes;
  Ranges microseconds;  // within the minute
};
TimesOfDay at_time(int hour, int minute, int second = 0);

class CalendarRecurrence final : public Recurrence {
 public:
  using DayRule = std::function<DayMask(std::chrono::year_month)>;
  // The union of `times` on each day that `days` names. REQUIRES: `times` is not empty; `days` is
  // pure.
  CalendarRecurrence(DayRule days, std::vector<TimesOfDay> times);
  std::optional<Instant> next_after(Instant after, const TimeZone& zone) const override;

 private:
  // The first wall time >= at_least.
  std::optional<LocalTime> next_wall_time(LocalTime at_least) const;
  std::optional<std::chrono::microseconds> next_time_of_day(
      std::chrono::microseconds at_least) const;

  DayRule days_;
  std::vector<TimesOfDay> times_;
};

// Every multiple of `interval` since 1970-01-01 00:00 UTC, whatever the clocks show.
class IntervalRecurrence final : public Recurrence {
 public:
  explicit IntervalRecurrence(std::chrono::seconds interval) : interval_(interval) {}
  std::optional<Instant> next_after(Instant after, const TimeZone& zone) const override;

 private:
  std::chrono::seconds interval_;
};

// One instant.
class SingleRecurrence final : public Recurrence {
 public:
  explicit SingleRecurrence(Instant when) : when_(when) {}
  std::optional<Instant> next_after(Instant after, const TimeZone&) const override {
    return after < when_ ? std::optional(when_) : std::nullopt;
  }

 private:
  Instant when_;
};

inline constexpr int kFirstYear = 1970;
inline constexpr int kLastYear = 2199;

}  // namespace hikae::policy
