// SPDX-License-Identifier: Apache-2.0
#include "policy/time_zone.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <date/tz.h>
#include <fmt/format.h>

#include "base/error.h"

namespace hikae::policy {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

const date::time_zone& as_zone(const void* zone) {
  return *static_cast<const date::time_zone*>(zone);
}

date::sys_seconds to_date(Instant when) {
  return date::sys_seconds(std::chrono::floor<seconds>(when.time_since_epoch()));
}

const date::time_zone* find(std::string_view name) {
  // The library takes "" and relative paths for file names.
  if (name.empty() || name.find("..") != std::string_view::npos) return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Levenshtein's distance, without regard to case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view name) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(name.size() / 3, 1) + 1;
  for (const date::time_zone& zone : date::get_tzdb().zones) {
    const std::string& candidate = zone.name();
    const std::string_view city = std::string_view(candidate).substr(candidate.rfind('/') + 1);
    const std::size_t d = std::min(distance(name, candidate), distance(name, city));
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

TimeZone TimeZone::utc() {
  return named("UTC");
}

TimeZone TimeZone::named(std::string_view name) {
  if (const date::time_zone* zone = find(name)) return TimeZone(zone);
  const std::string suggestion = name.size() <= 64 ? nearest(name) : std::string();
  throw Error(ErrorCode::invalid_argument,
              text("schedule.unknown_zone", {{"zone", std::string(name)}}))
      .with_hint(suggestion.empty() ? text("schedule.unknown_zone_hint")
                                    : text("schedule.did_you_mean", {{"name", suggestion}}));
}

bool TimeZone::exists(std::string_view name) {
  return find(name) != nullptr;
}

std::string TimeZone::name() const {
  return as_zone(zone_).name();
}

seconds TimeZone::offset_at(Instant when) const {
  return as_zone(zone_).get_info(to_date(when)).offset;
}

LocalTime TimeZone::to_local(Instant when) const {
  return LocalTime(when.time_since_epoch() + offset_at(when));
}

Instant TimeZone::to_instant(LocalTime local) const {
  const auto whole = std::chrono::floor<seconds>(local);
  const date::local_info info =
      as_zone(zone_).get_info(date::local_seconds(whole.time_since_epoch()));
  if (info.result == date::local_info::nonexistent) {
    return Instant(nanoseconds(info.first.end.time_since_epoch()));
  }
  return Instant(local.time_since_epoch() - info.first.offset);
}

LocalTime TimeZone::to_fresh_local(Instant when) const {
  const date::sys_info info = as_zone(zone_).get_info(to_date(when));
  const LocalTime local(when.time_since_epoch() + info.offset);
  if (info.begin <= date::sys_days(date::year(1678) / 1 / 1)) return local;
  const seconds before = as_zone(zone_).get_info(info.begin - seconds(1)).offset;
  const LocalTime end_of_repetition(nanoseconds(info.begin.time_since_epoch() + before));
  return std::max(local, end_of_repetition);
}

std::string format_day(LocalDay day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}",
                     static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string policy_time(std::string_view zone_name, Instant when) {
  const TimeZone zone = zone_name.empty() ? TimeZone::utc() : TimeZone::named(zone_name);
  const std::string shown =
      format_local(zone.to_local(std::chrono::floor<std::chrono::seconds>(when)));
  constexpr std::size_t kWithoutSeconds = std::string_view("2026-11-23 02:00").size();
  return shown.size() == kWithoutSeconds ? shown + ":00" : shown;
}

std::string format_local(LocalTime time) {
  const LocalDay day = std::chrono::floor<std::chrono::days>(time);
  const auto rest = std::chrono::floor<seconds>(time - day).count();
  std::string out = fmt::format("{} {:02}:{:02}", format_day(day), rest / 3600, rest / 60 % 60);
  if (rest % 60 != 0) out += fmt::format(":{:02}", rest % 60);
  return out;
}

}  // namespace hikae::policy
