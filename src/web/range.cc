// SPDX-License-Identifier: Apache-2.0
#include "web/range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace hikae::web {
namespace {

// Digits only. A number that is too large for any file counts as the largest one.
std::optional<std::uint64_t> parse_number(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? number : std::numeric_limits<std::uint64_t>::max();
}

ByteRange last_bytes(std::uint64_t count, std::uint64_t file_size) {
  const std::uint64_t length = std::min(count, file_size);
  if (length == 0) return {ByteRange::Kind::outside, 0, 0};
  return {ByteRange::Kind::part, file_size - length, length};
}

}  // namespace

ByteRange parse_range(std::string_view header, std::uint64_t file_size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return {};
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view before = header.substr(0, dash);
  const std::string_view after = header.substr(dash + 1);
  const auto first = parse_number(before);
  const auto last = parse_number(after);
  if (before.empty() && last) return last_bytes(*last, file_size);
  if (!first || (!after.empty() && !last) || (last && *last < *first)) return {};
  if (*first >= file_size) return {ByteRange::Kind::outside, 0, 0};
  const std::uint64_t end = last ? std::min(*last, file_size - 1) : file_size - 1;
  return {ByteRange::Kind::part, *first, end - *first + 1};
}

}  // namespace hikae::web
