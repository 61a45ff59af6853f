// SPDX-License-Identifier: Apache-2.0
#include "net/web_time.h"

#include <algorithm>
#include <array>

namespace hikae::net {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Civil {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::string padded(unsigned value, std::size_t width) {
  const std::string digits = std::to_string(value);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

Civil civil(Instant time) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(whole - day);
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count())};
}

std::string written(Instant time, std::string_view dash, std::string_view colon) {
  const Civil at = civil(time);
  const auto two = [](int value) { return padded(static_cast<unsigned>(value), 2); };
  std::string result = padded(static_cast<unsigned>(std::max(at.year, 0)), 4);
  result.append(dash).append(padded(at.month, 2)).append(dash).append(padded(at.day, 2));
  result.append("T").append(two(at.hour)).append(colon).append(two(at.minute));
  return result.append(colon).append(two(at.second)).append("Z");
}

std::optional<Instant> instant(const Civil& at) {
  const auto date =
      std::chrono::year(at.year) / std::chrono::month(at.month) / std::chrono::day(at.day);
  if (!date.ok() || at.hour > 23 || at.minute > 59 || at.second > 60) return std::nullopt;
  // Years that nanoseconds in 64 bits can hold. Who writes a later one means "for ever".
  if (at.year < 1678) return std::nullopt;
  if (at.year > 2261) return std::chrono::floor<seconds>(Instant::max());
  return Instant(std::chrono::sys_days(date).time_since_epoch() + hours(at.hour) +
                 minutes(at.minute) + seconds(at.second));
}

// The digits of a fixed-width field.
std::optional<int> number(std::string_view text, std::size_t at, std::size_t width) {
  if (text.size() < at + width) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, width)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::string compact_time(Instant time) {
  return written(time, "", "");
}

std::string iso_time(Instant time) {
  return written(time, "-", ":");
}

std::optional<Instant> parse_iso_time(std::string_view text) {
  const auto year = number(text, 0, 4);
  const auto month = number(text, 5, 2);
  const auto day = number(text, 8, 2);
  const auto hour = number(text, 11, 2);
  const auto minute = number(text, 14, 2);
  const auto second = number(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const bool separated = text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == ' ') &&
                         text[13] == ':' && text[16] == ':';
  if (!separated) return std::nullopt;
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    const std::size_t end = rest.find_first_not_of("0123456789", 1);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  }
  if (!rest.empty() && rest != "Z" && rest != "+00:00" && rest != "+0000") return std::nullopt;
  return instant(
      {*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day), *hour, *minute, *second});
}

std::optional<Instant> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day = number(text, 5, 2);
  const auto year = number(text, 12, 4);
  const auto hour = number(text, 17, 2);
  const auto minute = number(text, 20, 2);
  const auto second = number(text, 23, 2);
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  return instant({*year,
                  static_cast<unsigned>(month - kMonths.begin()) + 1,
                  static_cast<unsigned>(*day),
                  *hour,
                  *minute,
                  *second});
}

}  // namespace hikae::net
