// SPDX-License-Identifier: Apache-2.0
#include "policy/cron.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/schedule_text.h"

namespace hikae::policy {
namespace {

// Both 0 and 7 are Sunday.
constexpr CronField kMinute{0, 59, nullptr, 0};
constexpr CronField kHour{0, 23, nullptr, 0};
constexpr CronField kDay{1, 31, nullptr, 0};
constexpr CronField kMonth{1, 12, month_named, 0};
constexpr CronField kWeekday{0, 7, weekday_named, 0};

std::int64_t parse_value(Scanner& scanner, const CronField& field) {
  if (!scanner.at_letter() || field.named == nullptr) {
    return scanner.number_in(field.least, field.most);
  }
  const std::string_view start = scanner.rest();
  const std::string_view name = scanner.letters();
  const auto value = field.named(name);
  if (!value) {
    throw scanner.error_at(start, "schedule.unknown_name", {{"name", std::string(name)}});
  }
  return *value + field.name_offset;
}

Ranges parse_list(Scanner& scanner, const CronField& field) {
  Ranges ranges;
  do {
    ranges.push_back(parse_cron_range(scanner, field, OpenStep::refused));
  } while (scanner.take(","));
  return ranges;
}

Ranges parse_field(Scanner& scanner, const CronField& field) {
  scanner.skip_spaces();
  Ranges ranges = parse_list(scanner, field);
  if (!scanner.at_end() && scanner.peek() != ' ' && scanner.peek() != '\t') scanner.finish();
  return ranges;
}

WeekdayMask weekday_mask(const Ranges& weekdays) {
  WeekdayMask mask = 0;
  for (int day = 0; day <= 7; ++day) {
    if (contains(weekdays, day)) mask |= WeekdayMask{1} << (day % 7);
  }
  return mask;
}

std::string_view macro(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMacros = {
      {{"@hourly", "0 * * * *"},
       {"@daily", "0 0 * * *"},
       {"@midnight", "0 0 * * *"},
       {"@weekly", "0 0 * * 0"},
       {"@monthly", "0 0 1 * *"},
       {"@yearly", "0 0 1 1 *"},
       {"@annually", "0 0 1 1 *"}}};
  for (const auto& [key, fields] : kMacros) {
    if (key == name) return fields;
  }
  return {};
}

Ranges in_microseconds(std::int64_t second) {
  return {{second * kMicrosecondsPerSecond, second * kMicrosecondsPerSecond, 1}};
}

}  // namespace

Range parse_cron_range(Scanner& scanner, const CronField& field, OpenStep open_step) {
  Range range{field.least, field.most, 1};
  const std::string_view start = scanner.rest();
  bool is_single = false;
  if (!scanner.take("*")) {
    range.start = range.stop = parse_value(scanner, field);
    is_single = !scanner.take("-");
    if (!is_single) {
      range.stop = parse_value(scanner, field);
      // "fri-sun": Sunday also ends a week.
      if (range.stop == 0 && range.start > 0 && field.most == 7) range.stop = 7;
    }
    if (range.stop < range.start) throw scanner.error_at(start, "schedule.range_backwards");
  }
  const std::string_view slash = scanner.rest();
  if (!scanner.take("/")) return range;
  if (is_single && open_step == OpenStep::refused) {
    throw scanner.error_at(slash, "schedule.step_without_range")
        .with_hint(
            text("schedule.step_hint",
                 {{"range", std::to_string(range.start) + "-" + std::to_string(field.most)}}));
  }
  if (is_single) range.stop = field.most;
  range.step = scanner.number_in(1, field.most);
  return range;
}

std::shared_ptr<const Recurrence> parse_cron(std::string_view whole, std::string_view part) {
  if (part.starts_with('@')) {
    const std::string name = to_lower(part);
    const std::string_view fields = macro(name);
    if (!fields.empty()) return parse_cron(fields, fields);
    throw Scanner(whole, part)
        .error(name == "@reboot" ? "schedule.no_reboot" : "schedule.unknown_macro",
               {{"name", std::string(part)}});
  }
  Scanner scanner(whole, part);
  const Ranges minutes = parse_field(scanner, kMinute);
  const Ranges hours = parse_field(scanner, kHour);
  scanner.skip_spaces();
  const bool day_is_free = scanner.peek() == '*';
  const Ranges days = parse_field(scanner, kDay);
  const Ranges months = parse_field(scanner, kMonth);
  scanner.skip_spaces();
  const bool weekday_is_free = scanner.peek() == '*';
  const WeekdayMask weekdays = weekday_mask(parse_field(scanner, kWeekday));
  scanner.skip_spaces();
  scanner.finish();

  // crontab(5): when both are restricted, that is neither begins with "*", one of them is enough.
  const bool either = !day_is_free && !weekday_is_free;
  auto rule = [=](std::chrono::year_month month) -> DayMask {
    if (!month_is_in(month, months)) return 0;
    const DayMask by_day = days_of(month, days);
    const DayMask by_weekday = days_on(month, weekdays);
    return either ? by_day | by_weekday : by_day & by_weekday;
  };
  return std::make_shared<CalendarRecurrence>(
      rule, std::vector<TimesOfDay>{{hours, minutes, in_microseconds(0)}});
}

}  // namespace hikae::policy
