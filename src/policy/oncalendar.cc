// SPDX-License-Identifier: Apache-2.0
#include "policy/oncalendar.h"

#include <array>
#include <utility>
#include <vector>

#include "policy/schedule_text.h"

namespace hikae::policy {
namespace {

// One element of a list as it is written: start[..stop][/step].
struct Element {
  std::string_view place;
  std::int64_t start = 0;
  std::optional<std::int64_t> stop;
  std::optional<std::int64_t> step;
};
// Empty: "*".
using Chain = std::vector<Element>;

struct Bounds {
  std::int64_t least;
  std::int64_t most;
};
constexpr Bounds kYears{kFirstYear, kLastYear};
constexpr Bounds kMonths{1, 12};
constexpr Bounds kDays{1, 31};
// A day further from the end would not exist in February.
constexpr Bounds kDaysFromEnd{1, 28};
constexpr Bounds kHours{0, 23};
constexpr Bounds kMinutes{0, 59};
constexpr Bounds kMicroseconds{0, 60 * kMicrosecondsPerSecond - 1};

enum class Unit { whole, microseconds };

// The digits behind a point that is not the first of ".."; rounded to microseconds.
std::int64_t parse_fraction(Scanner& scanner) {
  if (!scanner.rest().starts_with('.') || scanner.rest().starts_with("..")) return 0;
  scanner.take(".");
  if (!scanner.at_digit()) throw scanner.error("schedule.number_expected");
  std::int64_t value = 0;
  std::int64_t weight = kMicrosecondsPerSecond;
  for (; scanner.at_digit(); scanner.take(scanner.rest().substr(0, 1))) {
    const int digit = scanner.peek() - '0';
    if (weight == 1 && digit >= 5) ++value;
    weight /= 10;
    value += digit * weight;
  }
  return value;
}

std::int64_t parse_value(Scanner& scanner, Unit unit) {
  const std::int64_t whole = scanner.number();
  if (unit == Unit::whole) return whole;
  return whole * kMicrosecondsPerSecond + parse_fraction(scanner);
}

Chain parse_chain(Scanner& scanner, Unit unit) {
  if (scanner.take("*")) {
    if (scanner.peek() == '/') {
      throw scanner.error("schedule.star_step").with_hint(text("schedule.star_step_hint"));
    }
    return {};
  }
  Chain chain;
  do {
    Element element;
    element.place = scanner.rest();
    element.start = parse_value(scanner, unit);
    if (scanner.take("..")) element.stop = parse_value(scanner, unit);
    if (scanner.take("/")) element.step = parse_value(scanner, unit);
    chain.push_back(element);
  } while (scanner.take(","));
  return chain;
}

void check_value(const Scanner& scanner,
                 std::string_view place,
                 std::int64_t value,
                 const Bounds& bounds,
                 std::int64_t scale) {
  if (value >= bounds.least && value <= bounds.most) return;
  throw scanner.error_at(place,
                         "schedule.out_of_range",
                         {{"value", std::to_string(value / scale)},
                          {"least", std::to_string(bounds.least / scale)},
                          {"most", std::to_string(bounds.most / scale)}});
}

enum class OpenEnd { at_most, to_the_end };

Ranges to_ranges(const Scanner& scanner,
                 const Chain& chain,
                 const Bounds& bounds,
                 Unit unit = Unit::whole,
                 OpenEnd open_end = OpenEnd::at_most) {
  const std::int64_t scale = unit == Unit::microseconds ? kMicrosecondsPerSecond : 1;
  if (chain.empty()) return {{bounds.least, bounds.most, scale}};
  Ranges ranges;
  for (const Element& element : chain) {
    Range range{element.start, element.start, element.step.value_or(scale)};
    check_value(scanner, element.place, element.start, bounds, scale);
    if (range.step < 1) throw scanner.error_at(element.place, "schedule.step_zero");
    if (element.stop) {
      check_value(scanner, element.place, *element.stop, bounds, scale);
      range.stop = *element.stop;
      if (range.stop < range.start) {
        throw scanner.error_at(element.place, "schedule.range_backwards");
      }
    } else if (element.step) {
      const bool steps = open_end == OpenEnd::at_most ? range.start + range.step <= bounds.most
                                                      : range.start - range.step >= bounds.least;
      if (!steps) throw scanner.error_at(element.place, "schedule.step_too_large");
      range.stop = open_end == OpenEnd::at_most ? bounds.most : kToTheEnd;
    }
    // Counted from the end a range runs backwards: it must stop on one of its steps.
    if (range.stop > range.start) range.stop -= (range.stop - range.start) % range.step;
    ranges.push_back(range);
  }
  return ranges;
}

struct Date {
  Ranges years{{kFirstYear, kLastYear, 1}};
  Ranges months{{1, 12, 1}};
  Ranges days{{1, 31, 1}};
  enum class Counting { from_start, from_end } counting = Counting::from_start;
};

// Two digits are a year of 1970 to 2069.
void widen_years(Chain& years) {
  const auto widen = [](std::int64_t& year) {
    if (year >= 0 && year < 70) year += 2000;
    if (year >= 70 && year < 100) year += 1900;
  };
  for (Element& element : years) {
    widen(element.start);
    if (element.stop) widen(*element.stop);
  }
}

// [year-]month-day, with "~" for "-" before a day that counts from the end.
Date parse_date(Scanner& scanner) {
  Date date;
  Chain first = parse_chain(scanner, Unit::whole);
  bool from_end = scanner.take("~");
  if (!from_end && !scanner.take("-")) throw scanner.error("schedule.date_or_time_expected");
  Chain second = parse_chain(scanner, Unit::whole);
  std::optional<Chain> third;
  if (!from_end) {
    from_end = scanner.take("~");
    if (from_end || scanner.take("-")) third = parse_chain(scanner, Unit::whole);
  }
  if (third) {
    widen_years(first);
    date.years = to_ranges(scanner, first, kYears);
    first = std::move(second);
    second = *std::move(third);
  }
  date.months = to_ranges(scanner, first, kMonths);
  if (from_end && !second.empty()) {
    date.counting = Date::Counting::from_end;
    date.days = to_ranges(scanner, second, kDaysFromEnd, Unit::whole, OpenEnd::to_the_end);
  } else {
    date.days = to_ranges(scanner, second, kDays);
  }
  return date;
}

TimesOfDay parse_time(Scanner& scanner) {
  TimesOfDay times = at_time(0, 0);
  times.hours = to_ranges(scanner, parse_chain(scanner, Unit::whole), kHours);
  if (!scanner.take(":")) throw scanner.error("schedule.time_expected");
  times.minutes = to_ranges(scanner, parse_chain(scanner, Unit::whole), kMinutes);
  if (scanner.take(":")) {
    const Chain seconds = parse_chain(scanner, Unit::microseconds);
    times.microseconds = to_ranges(scanner, seconds, kMicroseconds, Unit::microseconds);
  }
  return times;
}

// Monday first, as a week runs here.
int parse_weekday(Scanner& scanner) {
  const std::string_view start = scanner.rest();
  const std::string_view name = scanner.letters();
  const auto weekday = weekday_named(name);
  if (!weekday) {
    throw scanner.error_at(start, "schedule.unknown_name", {{"name", std::string(name)}});
  }
  return (*weekday + 6) % 7;
}

WeekdayMask parse_weekdays(Scanner& scanner) {
  WeekdayMask mask = 0;
  do {
    // systemd lets a list end with a comma.
    if (mask != 0 && scanner.peek() == ' ') break;
    const std::string_view start = scanner.rest();
    const int first = parse_weekday(scanner);
    int last = first;
    if (scanner.take("..") || scanner.take("-")) last = parse_weekday(scanner);
    if (last < first) throw scanner.error_at(start, "schedule.range_backwards");
    for (int day = first; day <= last; ++day) mask |= WeekdayMask{1} << ((day + 1) % 7);
  } while (scanner.take(","));
  return mask;
}

std::string_view shorthand(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kShorthands = {
      {{"minutely", "*-*-* *:*:00"},
       {"quarterly", "*-01,04,07,10-01 00:00:00"},
       {"semiannually", "*-01,07-01 00:00:00"},
       {"biannually", "*-01,07-01 00:00:00"},
       {"bi-annually", "*-01,07-01 00:00:00"}}};
  for (const auto& [key, expansion] : kShorthands) {
    if (key == name) return expansion;
  }
  return {};
}

void expect_space_or_end(Scanner& scanner) {
  if (scanner.at_end()) return;
  const std::string_view before = scanner.rest();
  scanner.skip_spaces();
  if (before.size() == scanner.rest().size()) scanner.finish();
}

std::shared_ptr<const Recurrence> parse_epoch(Scanner& scanner) {
  scanner.take("@");
  std::int64_t seconds = 0;
  while (scanner.at_digit()) {
    seconds = seconds * 10 + (scanner.peek() - '0');
    if (seconds > 7'258'118'400) throw scanner.error("schedule.number_too_large");
    scanner.take(scanner.rest().substr(0, 1));
  }
  scanner.finish();
  return std::make_shared<SingleRecurrence>(Instant(std::chrono::seconds(seconds)));
}

}  // namespace

std::shared_ptr<const Recurrence> parse_oncalendar(std::string_view whole, std::string_view part) {
  const std::string_view expansion = shorthand(to_lower(part));
  if (!expansion.empty()) return parse_oncalendar(expansion, expansion);
  Scanner scanner(whole, part);
  if (scanner.peek() == '@') return parse_epoch(scanner);
  if (scanner.at_end()) throw scanner.error("schedule.empty");

  WeekdayMask weekdays = kAllWeekdays;
  if (scanner.at_letter()) {
    weekdays = parse_weekdays(scanner);
    expect_space_or_end(scanner);
  }
  Date date;
  TimesOfDay times = at_time(0, 0);
  const auto word_has_colon = [&] {
    return Scanner(scanner.rest()).word().find(':') != std::string_view::npos;
  };
  if (!scanner.at_end() && !word_has_colon()) {
    date = parse_date(scanner);
    expect_space_or_end(scanner);
  }
  if (!scanner.at_end()) times = parse_time(scanner);
  scanner.skip_spaces();
  scanner.finish();

  auto rule = [date, weekdays](std::chrono::year_month month) -> DayMask {
    if (!year_is_in(month, date.years) || !month_is_in(month, date.months)) return 0;
    const DayMask by_date = date.counting == Date::Counting::from_end
                                ? days_from_end(month, date.days)
                                : days_of(month, date.days);
    return by_date & days_on(month, weekdays);
  };
  return std::make_shared<CalendarRecurrence>(rule, std::vector<TimesOfDay>{times});
}

}  // namespace hikae::policy
