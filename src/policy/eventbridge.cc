// SPDX-License-Identifier: Apache-2.0
#include "policy/eventbridge.h"

#include <bit>
#include <functional>
#include <utility>
#include <vector>

#include "policy/cron.h"
#include "policy/schedule_text.h"

namespace hikae::policy {
namespace {

using std::chrono::year_month;
using MonthRule = std::function<DayMask(year_month)>;

// Weekdays count from Sunday = 1 here.
constexpr CronField kMinute{0, 59, nullptr, 0};
constexpr CronField kHour{0, 23, nullptr, 0};
constexpr CronField kDay{1, 31, nullptr, 0};
constexpr CronField kMonth{1, 12, month_named, 0};
constexpr CronField kWeekday{1, 7, weekday_named, 1};
constexpr CronField kYear{kFirstYear, kLastYear, nullptr, 0};

void expect_end_of_field(const Scanner& scanner) {
  if (scanner.at_end() || scanner.peek() == ' ' || scanner.peek() == '\t') return;
  scanner.finish();
}

Ranges parse_field(Scanner& scanner, const CronField& field) {
  scanner.skip_spaces();
  Ranges ranges;
  do {
    ranges.push_back(parse_cron_range(scanner, field, OpenStep::allowed));
  } while (scanner.take(","));
  expect_end_of_field(scanner);
  return ranges;
}

// "L", "L-3", "LW": counted from the month's end.
MonthRule parse_last_day(Scanner& scanner) {
  if (scanner.take("W")) {
    return [](year_month month) { return nearest_working_day(month, days_in(month)); };
  }
  const std::int64_t back = scanner.take("-") ? scanner.number_in(1, 30) : 0;
  return [back](year_month month) -> DayMask {
    const int day = days_in(month) - static_cast<int>(back);
    return day < 1 ? 0 : DayMask{1} << day;
  };
}

MonthRule parse_day(Scanner& scanner) {
  if (scanner.take("L")) return parse_last_day(scanner);
  const Range range = parse_cron_range(scanner, kDay, OpenStep::allowed);
  if (range.start == range.stop && scanner.take("W")) {
    return [day = static_cast<int>(range.start)](year_month month) {
      return nearest_working_day(month, day);
    };
  }
  return [range](year_month month) { return days_of(month, {range}); };
}

// "6L" is the last Friday, "6#2" the second, a lone "L" Saturday, the week's last day.
MonthRule parse_weekday(Scanner& scanner) {
  if (scanner.take("L")) {
    return [](year_month month) { return days_on(month, WeekdayMask{1} << 6); };
  }
  // "FRIL" would be read as one name.
  const std::string_view start = scanner.rest();
  if (start.size() >= 4 && start[3] == 'L' && weekday_named(start.substr(0, 3))) {
    const auto weekday = static_cast<unsigned>(*weekday_named(start.substr(0, 3)));
    scanner.take(start.substr(0, 4));
    return [weekday](year_month month) { return nth_weekday(month, weekday, -1); };
  }
  const Range range = parse_cron_range(scanner, kWeekday, OpenStep::allowed);
  const auto weekday = static_cast<unsigned>(range.start - 1);
  if (range.start == range.stop && scanner.take("L")) {
    return [weekday](year_month month) { return nth_weekday(month, weekday, -1); };
  }
  if (range.start == range.stop && scanner.take("#")) {
    const auto n = static_cast<int>(scanner.number_in(1, 5));
    return [weekday, n](year_month month) { return nth_weekday(month, weekday, n); };
  }
  WeekdayMask mask = 0;
  for (int day = 1; day <= 7; ++day) {
    if (contains({range}, day)) mask |= WeekdayMask{1} << (day - 1);
  }
  return [mask](year_month month) { return days_on(month, mask); };
}

// A list of such elements; nullopt for "?", which leaves the day to the other field.
std::optional<MonthRule> parse_day_field(Scanner& scanner, MonthRule (*parse)(Scanner&)) {
  scanner.skip_spaces();
  if (scanner.take("?")) {
    expect_end_of_field(scanner);
    return std::nullopt;
  }
  std::vector<MonthRule> rules;
  do {
    rules.push_back(parse(scanner));
  } while (scanner.take(","));
  expect_end_of_field(scanner);
  return [rules](year_month month) {
    DayMask mask = 0;
    for (const MonthRule& rule : rules) mask |= rule(month);
    return mask;
  };
}

std::shared_ptr<const Recurrence> parse_fields(Scanner& scanner) {
  const Ranges minutes = parse_field(scanner, kMinute);
  const Ranges hours = parse_field(scanner, kHour);
  scanner.skip_spaces();
  const std::string_view day_start = scanner.rest();
  const auto by_day = parse_day_field(scanner, parse_day);
  const Ranges months = parse_field(scanner, kMonth);
  const auto by_weekday = parse_day_field(scanner, parse_weekday);
  const Ranges years = parse_field(scanner, kYear);
  scanner.skip_spaces();
  scanner.finish();
  if (by_day.has_value() == by_weekday.has_value()) {
    throw scanner.error_at(day_start, "schedule.one_question_mark")
        .with_hint(text("schedule.one_question_mark_hint"));
  }
  const MonthRule days = by_day ? *by_day : *by_weekday;
  auto rule = [=](year_month month) -> DayMask {
    if (!month_is_in(month, months) || !year_is_in(month, years)) return 0;
    return days(month);
  };
  return std::make_shared<CalendarRecurrence>(
      rule, std::vector<TimesOfDay>{{hours, minutes, Ranges{{0, 0, 1}}}});
}

// Every n days is a matter of the calendar, so that it stays at midnight when the clocks change.
std::shared_ptr<const Recurrence> every_days(std::int64_t n) {
  auto rule = [n](year_month month) {
    DayMask mask = 0;
    const std::chrono::sys_days first = month / 1;
    for (int day = 1; day <= days_in(month); ++day) {
      if ((first.time_since_epoch().count() + day - 1) % n == 0) mask |= DayMask{1} << day;
    }
    return mask;
  };
  return std::make_shared<CalendarRecurrence>(rule, std::vector<TimesOfDay>{at_time(0, 0)});
}

std::shared_ptr<const Recurrence> parse_rate(Scanner& scanner) {
  scanner.skip_spaces();
  const std::int64_t value = scanner.number_in(1, 100'000);
  scanner.skip_spaces();
  const std::string_view start = scanner.rest();
  const std::string_view unit = scanner.letters();
  scanner.skip_spaces();
  scanner.finish();
  if (unit == "minute" || unit == "minutes") {
    return std::make_shared<IntervalRecurrence>(std::chrono::minutes(value));
  }
  if (unit == "hour" || unit == "hours") {
    return std::make_shared<IntervalRecurrence>(std::chrono::hours(value));
  }
  if (unit == "day" || unit == "days") return every_days(value);
  throw scanner.error_at(start, "schedule.rate_unit", {{"unit", std::string(unit)}});
}

}  // namespace

std::shared_ptr<const Recurrence> parse_eventbridge(std::string_view whole, std::string_view part) {
  const std::size_t close = part.rfind(')');
  if (close == std::string_view::npos || close + 1 != part.size()) {
    throw Scanner(whole, part.substr(part.size())).error("schedule.parenthesis_missing");
  }
  Scanner scanner(whole, part.substr(0, close));
  if (scanner.take("cron(")) return parse_fields(scanner);
  scanner.take("rate(");
  return parse_rate(scanner);
}

}  // namespace hikae::policy
