// SPDX-License-Identifier: Apache-2.0
#include "policy/retention_rules.h"

#include <algorithm>

#include <fmt/format.h>

namespace hikae::policy {
namespace {

struct IsoWeek {
  int year;
  int week;
};

// The ISO week belongs to the year in which its Thursday lies.
IsoWeek iso_week(LocalDay day) {
  const auto monday_based = std::chrono::weekday(day).iso_encoding() - 1;
  const LocalDay thursday = day + std::chrono::days(3 - static_cast<int>(monday_based));
  const std::chrono::year year = std::chrono::year_month_day(thursday).year();
  const LocalDay january_first(year / 1 / 1);
  return {static_cast<int>(year), static_cast<int>((thursday - january_first).count() / 7 + 1)};
}

// The calendar's arithmetic as Go's time.AddDate does it: 31 October less one month is 1 October,
// since September has no 31st.
LocalTime subtract(LocalTime from, const CalendarSpan& span) {
  const LocalDay day = std::chrono::floor<std::chrono::days>(from);
  const std::chrono::year_month_day date(day);
  const auto month = date.year() / date.month() - std::chrono::years(span.years) -
                     std::chrono::months(span.months);
  const LocalDay first(month / 1);
  const auto offset = static_cast<int>(static_cast<unsigned>(date.day())) - 1 - span.days;
  return first + std::chrono::days(offset) + (from - day);
}

// As Go's time.Date reads a wall time that a change of the clocks skips or repeats; restic's spans
// end there.
Instant instant_as_go(const TimeZone& zone, LocalTime local) {
  std::chrono::seconds offset = zone.offset_at(Instant(local.time_since_epoch()));
  offset = zone.offset_at(Instant(local.time_since_epoch() - offset));
  return Instant(local.time_since_epoch() - offset);
}

// Years that an Instant cannot hold are "long ago" or "far ahead".
bool is_representable(LocalTime from, const CalendarSpan& span) {
  const auto days = std::chrono::floor<std::chrono::days>(from).time_since_epoch().count();
  const double moved = static_cast<double>(days) - 365.25 * span.years - 30.5 * span.months -
                       span.days - span.hours / 24.0;
  return moved > -100'000 && moved < 100'000;
}

}  // namespace

LocalTime RetentionWork::local_time(const RetentionSnapshot& snapshot) const {
  if (local_times == LocalTimes::in_zone) return zone.to_local(snapshot.time);
  return LocalTime(snapshot.time.time_since_epoch() + snapshot.utc_offset);
}

std::int64_t RetentionWork::bucket(const Tier& tier, std::size_t item) const {
  const LocalTime local = items[item].local;
  const LocalDay day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const auto year = static_cast<int>(date.year());
  switch (tier.unit) {
    case BucketUnit::single:
      return static_cast<std::int64_t>(item);
    case BucketUnit::hour:
      return std::chrono::floor<std::chrono::hours>(local).time_since_epoch().count();
    case BucketUnit::day:
      return day.time_since_epoch().count();
    case BucketUnit::week: {
      const IsoWeek week = iso_week(day);
      return std::int64_t{week.year} * 100 + week.week;
    }
    case BucketUnit::month:
      return std::int64_t{year} * 100 + static_cast<unsigned>(date.month());
    case BucketUnit::year:
      return year;
  }
  return 0;
}

std::string RetentionWork::bucket_name(const Tier& tier, std::size_t item) const {
  const LocalTime local = items[item].local;
  const LocalDay day = std::chrono::floor<std::chrono::days>(local);
  switch (tier.unit) {
    case BucketUnit::single:
      return format_local(local);
    case BucketUnit::hour:
      return format_local(std::chrono::floor<std::chrono::hours>(local));
    case BucketUnit::day:
      return format_day(day);
    case BucketUnit::week: {
      const IsoWeek week = iso_week(day);
      return fmt::format("{:04}-W{:02}", week.year, week.week);
    }
    case BucketUnit::month:
      return format_day(day).substr(0, 7);
    case BucketUnit::year:
      return format_day(day).substr(0, 4);
  }
  return {};
}

bool RetentionWork::uses(const Tier& tier) const {
  return rules.*tier.count != 0 || (tier.within != nullptr && !(rules.*tier.within).is_zero());
}

bool RetentionWork::is_within(std::size_t item, const CalendarSpan& span) const {
  if (!latest) return true;
  const RetentionSnapshot& newest = snapshot(*latest);
  const LocalTime local = items[*latest].local;
  if (!is_representable(local, span)) return span.years >= 0;
  const LocalTime start = subtract(local, span);
  // With the written offset this machine's zone is meant if it agrees with that offset.
  const bool in_zone =
      local_times == LocalTimes::in_zone || zone.offset_at(newest.time) == newest.utc_offset;
  const Instant midway =
      in_zone ? instant_as_go(zone, start) : Instant(start.time_since_epoch() - newest.utc_offset);
  return snapshot(item).time > midway - std::chrono::hours(span.hours);
}

std::vector<std::string> split_tags(std::string_view list) {
  std::vector<std::string> tags;
  std::size_t start = 0;
  while (true) {
    const std::size_t comma = std::min(list.find(',', start), list.size());
    std::string_view tag = list.substr(start, comma - start);
    while (!tag.empty() && tag.front() == ' ') tag.remove_prefix(1);
    while (!tag.empty() && tag.back() == ' ') tag.remove_suffix(1);
    tags.emplace_back(tag);
    if (comma == list.size()) return tags;
    start = comma + 1;
  }
}

bool has_tags(const std::vector<std::string>& tags, const std::vector<std::string>& wanted) {
  for (const std::string& tag : wanted) {
    if (tag.empty() && tags.empty()) return true;
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) return false;
  }
  return true;
}

std::string describe(const RetentionRules& rules) {
  std::vector<std::string> parts;
  for (const Tier& tier : kTiers) {
    const int count = rules.*tier.count;
    if (count != 0) parts.push_back(fmt::format("{} {}", tier.name, count));
    if (tier.within == nullptr || (rules.*tier.within).is_zero()) continue;
    parts.push_back(fmt::format("within_{} {}", tier.name, to_string(rules.*tier.within)));
  }
  if (!rules.within.is_zero()) parts.push_back("within " + to_string(rules.within));
  if (!rules.hold.empty()) parts.push_back(fmt::format("hold {}", fmt::join(rules.hold, " ")));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace hikae::policy
