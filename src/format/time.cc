// SPDX-License-Identifier: Apache-2.0
#include "format/time.h"

#include <algorithm>
#include <array>
#include <limits>

namespace hikae::format {
namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
// Far outside the years that can be written, so that adding an offset cannot overflow.
constexpr std::int64_t kFarthestSecond = std::int64_t{1} << 60;
constexpr std::int32_t kLargestOffset = 24 * 3600 - 1;

struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
};

constexpr bool is_leap_year(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr int days_in_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month == 2 && is_leap_year(year)) return 29;
  return kDays[static_cast<std::size_t>(month - 1)];
}

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

// Proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March of the year 0,
// so that the leap day is the last of its year.
constexpr std::int64_t kDaysPerEra = 146097;
constexpr std::int64_t kEpochInEras = 719468;  // 0000-03-01 to 1970-01-01

constexpr CivilDate civil_from_days(std::int64_t days) {
  const std::int64_t shifted = days + kEpochInEras;
  const std::int64_t era = floor_divide(shifted, kDaysPerEra);
  const std::int64_t day_of_era = shifted - era * kDaysPerEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1);
  date.month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

constexpr std::int64_t days_from_civil(const CivilDate& date) {
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = floor_divide(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t march_month = date.month > 2 ? date.month - 3 : date.month + 9;
  const std::int64_t day_of_year = (153 * march_month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kEpochInEras;
}

// Only the year changes; 29 February of a year that has none becomes 1 March.
void clamp_year(CivilDate& date) {
  date.year = std::clamp<std::int64_t>(date.year, 0, 9999);
  if (date.day > days_in_month(date.year, date.month)) {
    date.day = 1;
    ++date.month;
  }
}

char* put_two(char* to, int number) {
  *to++ = static_cast<char>('0' + number / 10);
  *to++ = static_cast<char>('0' + number % 10);
  return to;
}

char* put_fraction(char* to, std::uint32_t nanoseconds) {
  if (nanoseconds == 0) return to;
  *to++ = '.';
  char* const end = to + 9;
  for (char* digit = end; digit != to; nanoseconds /= 10) {
    *--digit = static_cast<char>('0' + nanoseconds % 10);
  }
  char* last = end;
  while (last[-1] == '0') --last;
  return last;
}

// Seconds of an offset are not written, though the local time was computed with them: Go does so
// for zones of before standard time.
char* put_offset(char* to, std::int32_t offset) {
  if (offset == 0) {
    *to++ = 'Z';
    return to;
  }
  int minutes = offset / 60;
  *to++ = minutes < 0 ? '-' : '+';
  if (minutes < 0) minutes = -minutes;
  to = put_two(to, minutes / 60);
  *to++ = ':';
  return put_two(to, minutes % 60);
}

// Reads fixed-width pieces from the front of a text; one that does not fit makes `failed` stick.
struct Scanner {
  std::string_view rest;
  bool failed = false;

  int number(std::size_t width, int low, int high) {
    if (rest.size() < width) failed = true;
    int value = 0;
    for (std::size_t i = 0; i < width && !failed; ++i) {
      const char c = rest[i];
      if (c < '0' || c > '9') failed = true;
      value = value * 10 + (c - '0');
    }
    if (failed || value < low || value > high) {
      failed = true;
      return low;
    }
    rest.remove_prefix(width);
    return value;
  }
  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) failed = true;
  }
};

std::uint32_t scan_fraction(Scanner& scanner) {
  if (!scanner.take('.')) return 0;
  std::uint32_t nanoseconds = 0;
  std::size_t digits = 0;
  while (!scanner.rest.empty() && scanner.rest.front() >= '0' && scanner.rest.front() <= '9') {
    if (digits < 9) {
      nanoseconds = nanoseconds * 10 + static_cast<std::uint32_t>(scanner.rest.front() - '0');
    }
    ++digits;
    scanner.rest.remove_prefix(1);
  }
  if (digits == 0) scanner.failed = true;
  for (; digits < 9; ++digits) nanoseconds *= 10;
  return nanoseconds;
}

std::int32_t scan_offset(Scanner& scanner) {
  if (scanner.take('Z')) return 0;
  const bool west = scanner.take('-');
  if (!west) scanner.expect('+');
  const int hours = scanner.number(2, 0, 23);
  scanner.expect(':');
  const int minutes = scanner.number(2, 0, 59);
  const std::int32_t offset = hours * 3600 + minutes * 60;
  return west ? -offset : offset;
}

}  // namespace

Timestamp to_timestamp(Instant instant, std::int32_t offset) {
  const std::int64_t nanoseconds = instant.time_since_epoch().count();
  Timestamp time;
  time.seconds = floor_divide(nanoseconds, kNanosecondsPerSecond);
  time.nanoseconds = static_cast<std::uint32_t>(nanoseconds - time.seconds * kNanosecondsPerSecond);
  time.offset = offset;
  return time;
}

Instant to_instant(const Timestamp& time) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kNanosecondsPerSecond;
  if (time.seconds >= kMost) return Instant::max();
  if (time.seconds <= -kMost) return Instant::min();
  return Instant(std::chrono::nanoseconds(time.seconds * kNanosecondsPerSecond +
                                          std::int64_t{time.nanoseconds}));
}

void append_rfc3339(std::string& out, const Timestamp& time) {
  const std::int32_t offset = std::clamp(time.offset, -kLargestOffset, kLargestOffset);
  const std::int64_t local =
      std::clamp(time.seconds, -kFarthestSecond, kFarthestSecond) + std::int64_t{offset};
  const std::int64_t days = floor_divide(local, kSecondsPerDay);
  const int second_of_day = static_cast<int>(local - days * kSecondsPerDay);
  CivilDate date = civil_from_days(days);
  clamp_year(date);

  std::array<char, 40> buffer;
  char* to = buffer.data();
  const int year = static_cast<int>(date.year);
  to = put_two(put_two(to, year / 100), year % 100);
  *to++ = '-';
  to = put_two(to, date.month);
  *to++ = '-';
  to = put_two(to, date.day);
  *to++ = 'T';
  to = put_two(to, second_of_day / 3600);
  *to++ = ':';
  to = put_two(to, second_of_day / 60 % 60);
  *to++ = ':';
  to = put_two(to, second_of_day % 60);
  to = put_fraction(to, std::min<std::uint32_t>(time.nanoseconds, 999'999'999));
  to = put_offset(to, offset);
  out.append(buffer.data(), static_cast<std::size_t>(to - buffer.data()));
}

std::string to_rfc3339(const Timestamp& time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Scanner scanner{text};
  CivilDate date;
  date.year = scanner.number(4, 0, 9999);
  scanner.expect('-');
  date.month = scanner.number(2, 1, 12);
  scanner.expect('-');
  date.day = scanner.number(2, 1, days_in_month(date.year, date.month));
  scanner.expect('T');
  const int hour = scanner.number(2, 0, 23);
  scanner.expect(':');
  const int minute = scanner.number(2, 0, 59);
  scanner.expect(':');
  const int second = scanner.number(2, 0, 59);
  Timestamp time;
  time.nanoseconds = scan_fraction(scanner);
  time.offset = scan_offset(scanner);
  if (scanner.failed || !scanner.rest.empty()) return std::nullopt;
  const std::int32_t second_of_day = hour * 3600 + minute * 60 + second;
  time.seconds = days_from_civil(date) * kSecondsPerDay + std::int64_t{second_of_day} -
                 std::int64_t{time.offset};
  return time;
}

}  // namespace hikae::format
