// SPDX-License-Identifier: Apache-2.0
#include "policy/convert_schedule.h"

#include <array>
#include <cstdio>

#include "base/error.h"
#include "policy/schedule_pattern.h"
#include "policy/schedule_text.h"

namespace hikae::policy {
namespace {

constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 4> kOrdinals = {"first", "second", "third", "fourth"};
constexpr std::size_t kAllMonths = 12;
constexpr int kYearsCompared = 20;
// A schedule of every minute is compared that often at the beginning of each month.
constexpr int kFiringsCompared = 200;

using Kind = DayPattern::Kind;

Error refuse(std::string_view key) {
  return Error(ErrorCode::unsupported, text(key)).with_hint(text("schedule.convert_hint"));
}

std::string two_digits(int number) {
  std::array<char, 16> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%02d", number);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

template <typename Numbers>
std::string listed(const Numbers& numbers) {
  std::string list;
  for (const auto number : numbers) list += (list.empty() ? "" : ",") + std::to_string(number);
  return list;
}

// "*", "*/5" or a list, of all numbers below `count`.
std::string field(const std::set<int>& numbers, int count) {
  if (static_cast<int>(numbers.size()) == count) return "*";
  const int step = count / static_cast<int>(numbers.size());
  bool is_stepped = numbers.size() > 1 && step * static_cast<int>(numbers.size()) == count;
  int expected = 0;
  for (const int number : numbers) {
    is_stepped = is_stepped && number == expected;
    expected += step;
  }
  return is_stepped ? "*/" + std::to_string(step) : listed(numbers);
}

struct HoursAndMinutes {
  std::set<int> hours;
  std::set<int> minutes;
};

// cron, EventBridge and one OnCalendar line fire at each of the minutes of each of the hours.
HoursAndMinutes factor(const SchedulePattern& pattern, std::string_view key_of_refusal) {
  HoursAndMinutes factors;
  for (const auto& [hour, minute] : pattern.times) {
    factors.hours.insert(hour);
    factors.minutes.insert(minute);
  }
  if (factors.hours.size() * factors.minutes.size() != pattern.times.size())
    throw refuse(key_of_refusal);
  return factors;
}

std::string months_of(const DayPattern& days) {
  return days.months.size() == kAllMonths ? "*" : listed(days.months);
}

std::string names_of(const std::set<unsigned>& weekdays) {
  std::string names;
  for (const unsigned day : weekdays) names += (names.empty() ? "" : ",") + std::string(kDays[day]);
  return names;
}

std::string clock_times(const SchedulePattern& pattern) {
  std::string list;
  for (const auto& [hour, minute] : pattern.times)
    list += (list.empty() ? "" : ",") + two_digits(hour) + ":" + two_digits(minute);
  return list;
}

std::string to_words(const SchedulePattern& pattern) {
  const DayPattern& days = pattern.days;
  constexpr std::size_t kMostTimes = 24;
  if (pattern.times.size() > kMostTimes) throw refuse("schedule.convert_words_times");
  const std::string times = clock_times(pattern);
  if (days.kind == Kind::every && days.months.size() == kAllMonths) {
    const bool is_hourly = pattern.times.size() == 24 &&
                           pattern.times.begin()->second == pattern.times.rbegin()->second;
    return is_hourly ? "hourly :" + two_digits(pattern.times.begin()->second) : "daily " + times;
  }
  const bool one_weekday = days.weekdays.size() == 1;
  if (days.months.size() == 1 && days.kind == Kind::days && days.days.size() == 1) {
    return "yearly " + two_digits(static_cast<int>(*days.months.begin())) + "-" +
           two_digits(static_cast<int>(*days.days.begin())) + " " + times;
  }
  if (days.months.size() != kAllMonths) throw refuse("schedule.convert_words_days");
  switch (days.kind) {
    case Kind::weekdays:
      if (one_weekday) return "weekly " + names_of(days.weekdays) + " " + times;
      break;
    case Kind::days:
      if (days.days.size() == 1) return "monthly " + listed(days.days) + " " + times;
      break;
    case Kind::last_day:
      return "monthly last " + times;
    case Kind::nth_weekday:
      if (one_weekday && days.nth <= kOrdinals.size())
        return "monthly " + std::string(kOrdinals[days.nth - 1]) + " " + names_of(days.weekdays) +
               " " + times;
      break;
    case Kind::last_weekday:
      if (one_weekday) return "monthly last " + names_of(days.weekdays) + " " + times;
      break;
    case Kind::every:
      break;
  }
  throw refuse("schedule.convert_words_days");
}

std::string to_cron(const SchedulePattern& pattern) {
  const HoursAndMinutes times = factor(pattern, "schedule.convert_cron_times");
  std::string days = "*";
  std::string weekdays = "*";
  if (pattern.days.kind == Kind::weekdays) {
    weekdays = listed(pattern.days.weekdays);
  } else if (pattern.days.kind == Kind::days) {
    days = listed(pattern.days.days);
  } else if (pattern.days.kind != Kind::every) {
    throw refuse("schedule.convert_cron_days");
  }
  return field(times.minutes, 60) + " " + field(times.hours, 24) + " " + days + " " +
         months_of(pattern.days) + " " + weekdays;
}

std::string to_eventbridge(const SchedulePattern& pattern) {
  const HoursAndMinutes times = factor(pattern, "schedule.convert_cron_times");
  std::string days = "?";
  std::string weekdays = "?";
  const DayPattern& pattern_days = pattern.days;
  const auto number = [&] { return std::to_string(*pattern_days.weekdays.begin() + 1); };
  const bool one_weekday = pattern_days.weekdays.size() == 1;
  switch (pattern_days.kind) {
    case Kind::every:
      days = "*";
      break;
    case Kind::days:
      days = listed(pattern_days.days);
      break;
    case Kind::last_day:
      days = "L";
      break;
    case Kind::weekdays:
      weekdays.clear();
      for (const unsigned day : pattern_days.weekdays)
        weekdays += (weekdays.empty() ? "" : ",") + std::to_string(day + 1);
      break;
    case Kind::nth_weekday:
      if (!one_weekday) throw refuse("schedule.convert_eventbridge_days");
      weekdays = number() + "#" + std::to_string(pattern_days.nth);
      break;
    case Kind::last_weekday:
      if (!one_weekday) throw refuse("schedule.convert_eventbridge_days");
      weekdays = number() + "L";
      break;
  }
  return "cron(" + field(times.minutes, 60) + " " + field(times.hours, 24) + " " + days + " " +
         months_of(pattern_days) + " " + weekdays + " *)";
}

// A field of OnCalendar writes its steps from the first member.
std::string calendar_field(const std::set<int>& numbers, int count) {
  std::string text = field(numbers, count);
  if (text.starts_with("*/")) return "00/" + text.substr(2);
  if (text == "*") return text;
  std::string list;
  for (const int number : numbers) list += (list.empty() ? "" : ",") + two_digits(number);
  return list;
}

std::string to_oncalendar(const SchedulePattern& pattern) {
  const HoursAndMinutes times = factor(pattern, "schedule.convert_cron_times");
  const DayPattern& days = pattern.days;
  std::string weekdays;
  std::string date = "*";
  switch (days.kind) {
    case Kind::every:
      break;
    case Kind::weekdays:
      weekdays = names_of(days.weekdays) + " ";
      break;
    case Kind::days:
      date = listed(days.days);
      break;
    case Kind::last_day:
      date = "~01";
      break;
    case Kind::nth_weekday:
      weekdays = names_of(days.weekdays) + " ";
      date = std::to_string(7 * (days.nth - 1) + 1) + ".." + std::to_string(7 * days.nth);
      break;
    case Kind::last_weekday:
      weekdays = names_of(days.weekdays) + " ";
      date = "~07/1";
      break;
  }
  const std::string separator = date.starts_with('~') ? "" : "-";
  return weekdays + "*-" + months_of(days) + separator + date + " " +
         calendar_field(times.hours, 24) + ":" + calendar_field(times.minutes, 60) + ":00";
}

std::string candidate(const SchedulePattern& pattern, ScheduleForm form) {
  switch (form) {
    case ScheduleForm::words:
      return to_words(pattern);
    case ScheduleForm::cron:
      return to_cron(pattern);
    case ScheduleForm::oncalendar:
      return to_oncalendar(pattern);
    case ScheduleForm::eventbridge:
      return to_eventbridge(pattern);
  }
  throw refuse("schedule.convert_no_pattern");
}

// What stands before the zone, if one is written.
std::string body_of(const Schedule& schedule) {
  const std::string& text = schedule.text();
  const std::string zone = schedule.zone().name();
  const bool has_zone = text.size() > zone.size() + 1 && text.ends_with(" " + zone);
  const bool has_utc = text.size() > 4 && text.ends_with(" UTC");
  if (has_zone) return text.substr(0, text.size() - zone.size() - 1);
  return has_utc ? text.substr(0, text.size() - 4) : text;
}

// A schedule says itself in its own form, whatever it is.
bool is_written_as(std::string_view body, ScheduleForm form) {
  if (form == ScheduleForm::eventbridge) return body.starts_with("cron(");
  const bool has_five_fields =
      split_words(body).size() == 5 && body.find_first_of(":(") == std::string_view::npos;
  return form == ScheduleForm::cron && has_five_fields;
}

bool say_the_same(const Schedule& one, const Schedule& other) {
  constexpr std::chrono::year kFirst{2024};
  for (int month = 0; month < 12 * kYearsCompared; ++month) {
    const std::chrono::year_month place =
        kFirst / std::chrono::January + std::chrono::months(month);
    const Instant end = std::chrono::sys_days(place / std::chrono::last);
    Instant after = std::chrono::sys_days(place / 1);
    for (int i = 0; i < kFiringsCompared; ++i) {
      const auto expected = one.next_after(after);
      if (expected != other.next_after(after)) return false;
      if (!expected || *expected > end) break;
      after = *expected;
    }
  }
  return true;
}

}  // namespace

std::string_view to_string(ScheduleForm form) {
  switch (form) {
    case ScheduleForm::words:
      return "words";
    case ScheduleForm::cron:
      return "cron";
    case ScheduleForm::oncalendar:
      return "oncalendar";
    case ScheduleForm::eventbridge:
      return "eventbridge";
  }
  return "words";
}

std::string convert_schedule(const Schedule& schedule, ScheduleForm form) {
  std::string body = body_of(schedule);
  if (is_written_as(body, form)) return body;
  // Found in UTC, where no clock is ever changed; compared where it is meant.
  const Schedule in_utc = parse_schedule(body, TimeZone::utc());
  std::string text = candidate(find_pattern(in_utc), form);
  const Schedule converted =
      parse_schedule(form == ScheduleForm::eventbridge ? text + " " + schedule.zone().name() : text,
                     schedule.zone());
  if (!say_the_same(schedule, converted)) throw refuse("schedule.convert_no_pattern");
  return text;
}

}  // namespace hikae::policy
