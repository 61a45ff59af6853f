// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace hikae {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};
// Wide and full-width blocks of Unicode's UAX 11.
constexpr std::array kWide = {Range{0x1100, 0x115f},
                              Range{0x2e80, 0x303e},
                              Range{0x3041, 0xa4cf},
                              Range{0xa960, 0xa97c},
                              Range{0xac00, 0xd7a3},
                              Range{0xf900, 0xfaff},
                              Range{0xfe30, 0xfe6f},
                              Range{0xff01, 0xff60},
                              Range{0xffe0, 0xffe6},
                              Range{0x1f300, 0x1faff},
                              Range{0x20000, 0x3fffd}};
constexpr std::array kWithoutWidth = {
    Range{0x0300, 0x036f}, Range{0x200b, 0x200f}, Range{0x3099, 0x309a}, Range{0xfe00, 0xfe0f}};

template <std::size_t kCount>
bool is_in(char32_t value, const std::array<Range, kCount>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) {
    return value >= range.first && value <= range.last;
  });
}

// Embeddings, overrides and isolates: behind one of them "gnp.exe" shows as "exe.png".
bool turns_direction(char32_t value) {
  return (value >= 0x202a && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069);
}

void append_printable(std::string& out, const Character& next) {
  const bool control = next.value < 0x20 || (next.value >= 0x7f && next.value < 0xa0);
  const bool invalid = next.bytes.size() == 1 && next.value >= 0x80;
  if (!control && !invalid && !turns_direction(next.value)) {
    out += next.bytes;
    return;
  }
  for (const char c : next.bytes) out += "\\x" + to_hex(as_bytes(std::string_view(&c, 1)));
}

}  // namespace

// The first character of a text that is not empty.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0x80) return {lead, text.substr(0, 1)};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {0xfffd, text.substr(0, 1)};
  char32_t value = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80) return {0xfffd, text.substr(0, 1)};
    value = value << 6U | (byte & 0x3fU);
  }
  return {value, text.substr(0, length)};
}

std::size_t display_width(char32_t value) {
  if (value < 0x20 || is_in(value, kWithoutWidth)) return 0;
  return is_in(value, kWide) ? 2 : 1;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character next = first_character(text);
    text.remove_prefix(next.bytes.size());
    width += display_width(next.value);
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character next = first_character(text);
    text.remove_prefix(next.bytes.size());
    append_printable(out, next);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character next = first_character(text);
    text.remove_prefix(next.bytes.size());
    if (next.value == '\n' || next.value == '\t') {
      out += next.bytes;
    } else {
      append_printable(out, next);
    }
  }
  return out;
}

}  // namespace hikae
