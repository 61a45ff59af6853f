// SPDX-License-Identifier: Apache-2.0
#include "policy/values.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/units.h"

namespace hikae::policy {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kYear = 365 * kDay;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& character : result) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character | 0x20);
  }
  return result;
}

bool is_plain_character(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') ||
         std::string_view(" _./@+:=~-").find(character) != std::string_view::npos;
}

bool reads_as_something_else(std::string_view value) {
  static constexpr std::array<std::string_view, 10> kWords = {
      "true", "false", "yes", "no", "on", "off", "y", "n", "null", "~"};
  return std::find(kWords.begin(), kWords.end(), lower(value)) != kWords.end();
}

bool may_stand_plain(std::string_view value) {
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_plain_character)) return false;
  const bool good_start =
      std::string_view(" .@+:=~-").find(value.front()) == std::string_view::npos;
  return good_start && value.back() != ' ' && value.back() != ':' &&
         value.find(": ") == std::string_view::npos && !reads_as_something_else(value);
}

std::optional<std::int64_t> period_unit(char unit) {
  if (unit == 'd') return kDay;
  if (unit == 'w') return 7 * kDay;
  if (unit == 'y') return kYear;
  return std::nullopt;
}

}  // namespace

std::size_t index_of(const std::vector<std::string_view>& words, std::string_view value) {
  return static_cast<std::size_t>(std::find(words.begin(), words.end(), value) - words.begin());
}

std::optional<bool> parse_boolean(std::string_view value) {
  const std::string word = lower(value);
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_whole(std::string_view value) {
  std::int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (value.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<std::chrono::seconds> parse_period(std::string_view value) {
  if (value.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!value.empty()) {
    const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
    const auto number = parse_whole(value.substr(0, digits));
    const auto unit = digits < value.size() ? period_unit(value[digits]) : std::nullopt;
    constexpr std::int64_t kMost = 1000 * kYear;
    if (!number || !unit || *number > kMost / *unit || total > kMost) return std::nullopt;
    total += *number * *unit;
    value.remove_prefix(digits + 1);
  }
  return std::chrono::seconds(total);
}

std::optional<Share> parse_share(std::string_view value) {
  if (!value.ends_with('%')) {
    const auto bytes = parse_bytes(std::string(value));
    return bytes ? std::optional(Share{0, *bytes}) : std::nullopt;
  }
  value.remove_suffix(1);
  const auto percent = parse_whole(value);
  if (!percent || *percent < 0 || *percent > 100) return std::nullopt;
  return Share{static_cast<int>(*percent), 0};
}

std::string write_share(const Share& share) {
  return share.bytes > 0 ? write_size(share.bytes) : fmt::format("{}%", share.percent);
}

void decode_value(const std::string& value, Kind, std::string& to) {
  to = value;
}
void decode_value(const std::string& value, Kind, bool& to) {
  to = parse_boolean(value).value_or(false);
}
void decode_value(const std::string& value, Kind kind, int& to) {
  if (kind == Kind::count && value == "all") {
    to = -1;
    return;
  }
  const bool per_cent = kind == Kind::percent && value.ends_with('%');
  const auto digits = std::string_view(value).substr(0, value.size() - (per_cent ? 1 : 0));
  to = static_cast<int>(parse_whole(digits).value_or(0));
}
void decode_value(const std::string& value, Kind, std::uint64_t& to) {
  to = parse_bytes(value).value_or(0);
}
void decode_value(const std::string& value, Kind kind, std::chrono::seconds& to) {
  const auto parsed = kind == Kind::period ? parse_period(value) : parse_duration(value);
  to = parsed.value_or(std::chrono::seconds(0));
}
void decode_value(const std::string& value, Kind, CalendarSpan& to) {
  to = parse_calendar_span(value);
}
void decode_value(const std::string& value, Kind, RateRule& to) {
  to = parse_rate_rule(value).value_or(RateRule());
}
void decode_value(const std::string& value, Kind, Share& to) {
  to = parse_share(value).value_or(Share());
}

std::optional<std::string> encode_value(const std::string& from, Kind) {
  if (from.empty()) return std::nullopt;
  return from;
}
std::optional<std::string> encode_value(bool from, Kind) {
  return from ? "true" : "false";
}
std::optional<std::string> encode_value(int from, Kind kind) {
  if (kind == Kind::count && from == 0) return std::nullopt;
  if (kind == Kind::count && from < 0) return "all";
  return std::to_string(from);
}
std::optional<std::string> encode_value(std::uint64_t from, Kind) {
  return write_size(from);
}
std::optional<std::string> encode_value(std::chrono::seconds from, Kind kind) {
  if (kind != Kind::period) return write_duration(from);
  if (from == std::chrono::seconds(0)) return std::nullopt;
  return write_period(from);
}
std::optional<std::string> encode_value(const CalendarSpan& from, Kind) {
  if (from.is_zero()) return std::nullopt;
  return to_string(from);
}
std::optional<std::string> encode_value(const RateRule& from, Kind) {
  return write_rate_rule(from);
}
std::optional<std::string> encode_value(const Share& from, Kind) {
  return write_share(from);
}

std::string write_duration(std::chrono::seconds duration) {
  struct Unit {
    std::int64_t seconds;
    char letter;
  };
  static constexpr std::array<Unit, 4> kUnits = {{{kDay, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  std::int64_t left = duration.count();
  std::string result;
  for (const Unit& unit : kUnits) {
    // 36h says more than 1d12h, and 24h more than 1d.
    if (unit.letter == 'd' && (left % kDay != 0 || left == kDay)) continue;
    if (left >= unit.seconds) result += fmt::format("{}{}", left / unit.seconds, unit.letter);
    left %= unit.seconds;
  }
  return result.empty() ? "0s" : result;
}

std::string write_period(std::chrono::seconds period) {
  const std::int64_t total = period.count();
  if (total % kYear == 0) return fmt::format("{}y", total / kYear);
  return fmt::format("{}d", total / kDay);
}

std::string write_size(std::uint64_t bytes) {
  static constexpr std::string_view kLetters = "TGMK";
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    const std::uint64_t unit = std::uint64_t{1} << (10 * (kLetters.size() - i));
    if (bytes >= unit && bytes % unit == 0) return fmt::format("{}{}", bytes / unit, kLetters[i]);
  }
  return std::to_string(bytes);
}

std::string write_scalar(std::string_view value, Kind kind) {
  if (kind == Kind::boolean || may_stand_plain(value)) return std::string(value);
  std::string result = "\"";
  for (const char character : value) {
    if (character == '\n') {
      result += "\\n";
    } else if (character == '\t') {
      result += "\\t";
    } else {
      if (character == '"' || character == '\\') result += '\\';
      result += character;
    }
  }
  return result + '"';
}

void write_json_value(JsonWriter& json, const std::string& value, Kind kind) {
  const bool numeric =
      kind == Kind::version || kind == Kind::number || kind == Kind::count || kind == Kind::percent;
  if (kind == Kind::boolean) {
    json.boolean(value == "true");
  } else if (numeric && parse_whole(value)) {
    json.value(*parse_whole(value));
  } else {
    json.value(value);
  }
}

std::string write_values(const Values& values, Shape shape, Kind kind) {
  if (shape == Shape::one || (shape == Shape::one_or_list && values.size() == 1)) {
    return write_scalar(values.front(), kind);
  }
  std::string result;
  for (const auto& value : values) {
    result += (result.empty() ? "" : ", ") + write_scalar(value, kind);
  }
  return "[" + result + "]";
}

}  // namespace hikae::policy
