// SPDX-License-Identifier: Apache-2.0
#include "policy/schedule_words.h"

#include <array>
#include <utility>
#include <vector>

#include "policy/schedule_text.h"

namespace hikae::policy {
namespace {

using std::chrono::year_month;
using DayRule = CalendarRecurrence::DayRule;

// "02:00,14:30:15"; the rest of the text.
std::vector<TimesOfDay> parse_times(Scanner& scanner, TimesOfDay otherwise) {
  scanner.skip_spaces();
  if (scanner.at_end()) return {std::move(otherwise)};
  std::vector<TimesOfDay> times;
  do {
    scanner.skip_spaces();
    const auto hour = static_cast<int>(scanner.number_in(0, 23));
    if (!scanner.take(":")) throw scanner.error("schedule.time_expected");
    const auto minute = static_cast<int>(scanner.number_in(0, 59));
    const int second = scanner.take(":") ? static_cast<int>(scanner.number_in(0, 59)) : 0;
    times.push_back(at_time(hour, minute, second));
    scanner.skip_spaces();
  } while (scanner.take(","));
  scanner.finish();
  return times;
}

std::shared_ptr<const Recurrence> hourly(Scanner& scanner) {
  scanner.skip_spaces();
  std::int64_t minute = 0;
  if (!scanner.at_end()) {
    if (!scanner.take(":")) throw scanner.error("schedule.minute_expected");
    minute = scanner.number_in(0, 59);
  }
  scanner.finish();
  TimesOfDay times = at_time(0, static_cast<int>(minute));
  times.hours = {{0, 23, 1}};
  return std::make_shared<CalendarRecurrence>(all_days, std::vector<TimesOfDay>{times});
}

std::shared_ptr<const Recurrence> daily(Scanner& scanner) {
  return std::make_shared<CalendarRecurrence>(all_days, parse_times(scanner, at_time(2, 0)));
}

unsigned parse_weekday(Scanner& scanner) {
  const std::string_view start = scanner.rest();
  const std::string_view name = scanner.letters();
  const auto weekday = weekday_named(name);
  if (!weekday) {
    throw scanner.error_at(start, "schedule.unknown_name", {{"name", std::string(name)}});
  }
  return static_cast<unsigned>(*weekday);
}

std::shared_ptr<const Recurrence> weekly(Scanner& scanner) {
  scanner.skip_spaces();
  WeekdayMask mask = 0;
  if (scanner.at_letter()) {
    do {
      mask |= WeekdayMask{1} << parse_weekday(scanner);
    } while (scanner.take(","));
  }
  if (mask == 0) mask = 1;
  auto rule = [mask](year_month month) { return days_on(month, mask); };
  return std::make_shared<CalendarRecurrence>(rule, parse_times(scanner, at_time(4, 0)));
}

DayRule nth_weekday_rule(Scanner& scanner, int n) {
  const unsigned weekday = parse_weekday(scanner);
  return [weekday, n](year_month month) { return nth_weekday(month, weekday, n); };
}

// "first Sun", "last Fri", "last": the last day.
DayRule parse_day_words(Scanner& scanner) {
  constexpr std::array<std::string_view, 5> kOrdinals = {
      "first", "second", "third", "fourth", "last"};
  const std::string_view start = scanner.rest();
  const std::string word = to_lower(scanner.letters());
  scanner.skip_spaces();
  for (std::size_t i = 0; i < kOrdinals.size(); ++i) {
    if (word != kOrdinals[i]) continue;
    const bool is_last = word == "last";
    if (is_last && !scanner.at_letter()) {
      return [](year_month month) { return DayMask{1} << days_in(month); };
    }
    return nth_weekday_rule(scanner, is_last ? -1 : static_cast<int>(i) + 1);
  }
  throw scanner.error_at(start, "schedule.day_of_month_expected", {{"word", word}});
}

// A number that no ":" follows is a day, else it begins a time.
bool at_day_number(const Scanner& scanner) {
  const std::string_view word = Scanner(scanner.rest()).word();
  return scanner.at_digit() && word.find(':') == std::string_view::npos;
}

std::shared_ptr<const Recurrence> monthly(Scanner& scanner) {
  scanner.skip_spaces();
  DayRule rule = [](year_month month) { return nth_weekday(month, 0, 1); };
  if (scanner.at_letter()) {
    rule = parse_day_words(scanner);
  } else if (at_day_number(scanner)) {
    const std::string_view start = scanner.rest();
    const std::int64_t day = scanner.number_in(1, 31);
    if (day > 28) {
      throw scanner
          .error_at(start, "schedule.day_not_in_each_month", {{"day", std::to_string(day)}})
          .with_hint(text("schedule.day_not_in_each_month_hint"));
    }
    rule = [day](year_month) { return DayMask{1} << day; };
  }
  return std::make_shared<CalendarRecurrence>(rule, parse_times(scanner, at_time(10, 0)));
}

std::shared_ptr<const Recurrence> yearly(Scanner& scanner) {
  scanner.skip_spaces();
  unsigned month = 4;
  std::int64_t day = 1;
  if (at_day_number(scanner)) {
    month = static_cast<unsigned>(scanner.number_in(1, 12));
    if (!scanner.take("-")) throw scanner.error("schedule.month_day_expected");
    // 29 February would come once in four years.
    const year_month common_year = std::chrono::year(2023) / static_cast<int>(month);
    day = scanner.number_in(1, days_in(common_year));
  }
  auto rule = [month, day](year_month now) {
    return static_cast<unsigned>(now.month()) == month ? DayMask{1} << day : 0;
  };
  return std::make_shared<CalendarRecurrence>(rule, parse_times(scanner, at_time(9, 0)));
}

}  // namespace

std::shared_ptr<const Recurrence> parse_schedule_words(std::string_view whole,
                                                       std::string_view part) {
  using Parse = std::shared_ptr<const Recurrence> (*)(Scanner&);
  constexpr std::array<std::pair<std::string_view, Parse>, 6> kWords = {{{"hourly", hourly},
                                                                         {"daily", daily},
                                                                         {"weekly", weekly},
                                                                         {"monthly", monthly},
                                                                         {"yearly", yearly},
                                                                         {"annually", yearly}}};
  Scanner scanner(whole, part);
  const std::string first = to_lower(scanner.word());
  for (const auto& [word, parse] : kWords) {
    if (first == word) return parse(scanner);
  }
  return nullptr;
}

}  // namespace hikae::policy
