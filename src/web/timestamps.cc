// SPDX-License-Identifier: Apache-2.0
#include "web/timestamps.h"

#include <array>
#include <chrono>

namespace hikae::web {
namespace {

std::string two(long number) {
  return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

// Names and digits of an instant in UTC, in English whatever the locale.
struct Parts {
  std::string weekday;
  std::string day;
  std::string month;
  std::string year;
  std::string time;
};

Parts parts_of(Instant instant) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(instant - day));
  return {kDays[std::chrono::weekday(day).c_encoding()],
          two(unsigned(date.day())),
          kMonths[unsigned(date.month()) - 1],
          std::to_string(int(date.year())),
          two(time.hours().count()) + ":" + two(time.minutes().count()) + ":" +
              two(time.seconds().count())};
}

}  // namespace

std::string http_date(Instant instant) {
  const Parts parts = parts_of(instant);
  return parts.weekday + ", " + parts.day + " " + parts.month + " " + parts.year + " " +
         parts.time + " GMT";
}

std::string log_time(Instant instant) {
  const Parts parts = parts_of(instant);
  return "[" + parts.day + "/" + parts.month + "/" + parts.year + ":" + parts.time + " +0000]";
}

}  // namespace hikae::web
