// SPDX-License-Identifier: Apache-2.0
#include "format/append.h"

#include <array>

#include <fmt/format.h>

#include "base/json.h"

namespace hikae::format {
namespace {

constexpr std::array<char, 512> kHexPairs = [] {
  std::array<char, 512> pairs{};
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = kDigits[i >> 4];
    pairs[2 * i + 1] = kDigits[i & 15];
  }
  return pairs;
}();

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

void append_hex(std::string& out, ByteView bytes) {
  const std::size_t start = out.size();
  out.resize(start + 2 * bytes.size());
  char* to = out.data() + start;
  for (const std::uint8_t byte : bytes) {
    *to++ = kHexPairs[2 * std::size_t{byte}];
    *to++ = kHexPairs[2 * std::size_t{byte} + 1];
  }
}

void append_member(std::string& out, std::string_view member, std::uint64_t number) {
  out += member;
  append_number(out, number);
}

void append_nonzero(std::string& out, std::string_view member, std::uint64_t number) {
  if (number != 0) append_member(out, member, number);
}

void append_nonempty(std::string& out, std::string_view member, std::string_view text) {
  if (text.empty()) return;
  out += member;
  append_json_string(out, text);
}

}  // namespace hikae::format
