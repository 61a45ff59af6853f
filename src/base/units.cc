// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace hikae {
namespace {

std::optional<double> parse_number(std::string_view& text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<std::uint64_t> byte_unit(std::string_view suffix) {
  if (suffix.empty() || suffix == "B" || suffix == "b") return 1;
  static constexpr std::string_view kLetters = "kmgt";
  const auto index = kLetters.find(static_cast<char>(suffix[0] | 0x20));
  const std::string_view rest = suffix.substr(1);
  if (index == std::string_view::npos ||
      !(rest.empty() || rest == "B" || rest == "b" || rest == "iB")) {
    return std::nullopt;
  }
  return std::uint64_t{1} << (10 * (index + 1));
}

std::optional<std::int64_t> duration_unit(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 7 * 86400;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < kKiB) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.3f} {}", value, kUnits[unit]);
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto number = parse_number(text);
  if (!number) return std::nullopt;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const auto unit = byte_unit(text);
  const double bytes = unit ? *number * static_cast<double>(*unit) : -1;
  if (bytes < 0 || bytes >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(bytes));
}

std::string format_duration(std::chrono::seconds duration) {
  const auto total = duration.count();
  if (total >= 3600)
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto number = parse_number(text);
    const auto unit = number && !text.empty() ? duration_unit(text.front()) : std::nullopt;
    if (!unit) return std::nullopt;
    total += *number * static_cast<double>(*unit);
    text.remove_prefix(1);
  }
  if (total > 1e12) return std::nullopt;
  return std::chrono::seconds(std::llround(total));
}

}  // namespace hikae
