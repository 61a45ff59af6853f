// SPDX-License-Identifier: Apache-2.0
#include "report/text_layout.h"

#include <algorithm>
#include <array>
#include <vector>

namespace hikae::report {
namespace {

struct Character {
  char32_t value = 0;
  std::string_view bytes;
};

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

std::size_t width_of(char32_t value) {
  if (is_in(value, kWithoutWidth)) return 0;
  return is_in(value, kWide) ? 2 : 1;
}

bool never_begins_a_line(char32_t value) {
  constexpr std::u32string_view kClosing = U"、。,.:;!?)]}」』】〕)・ーっゃゅょッャュョ々!?:…";
  return kClosing.find(value) != std::u32string_view::npos;
}
bool never_ends_a_line(char32_t value) {
  constexpr std::u32string_view kOpening = U"([{「『【〔(";
  return kOpening.find(value) != std::u32string_view::npos;
}

// What is not broken.
struct Unit {
  std::string text;
  std::size_t width = 0;
  bool after_space = false;
};

std::vector<Unit> units_of(std::string_view text) {
  std::vector<Unit> units;
  bool space = true;
  char32_t last = U' ';
  while (!text.empty()) {
    const Character next = first_character(text);
    text.remove_prefix(next.bytes.size());
    if (next.value == U' ') {
      space = true;
      last = next.value;
      continue;
    }
    const std::size_t width = width_of(next.value);
    const bool may_break = space || ((width == 2 || width_of(last) == 2) &&
                                     !never_begins_a_line(next.value) && !never_ends_a_line(last));
    if (units.empty() || (may_break && width > 0)) units.push_back({"", 0, space});
    units.back().text += next.bytes;
    units.back().width += width;
    space = false;
    last = next.value;
  }
  return units;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character next = first_character(text);
    text.remove_prefix(next.bytes.size());
    width += width_of(next.value);
  }
  return width;
}

std::string wrap(std::string_view text, std::string_view first, std::size_t width) {
  const std::size_t indent = display_width(first);
  std::string out(first);
  std::size_t column = indent;
  for (const Unit& unit : units_of(text)) {
    const bool at_begin = column == indent;
    const std::size_t gap = unit.after_space && !at_begin ? 1 : 0;
    if (!at_begin && column + gap + unit.width > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else {
      out += std::string(gap, ' ');
      column += gap;
    }
    out += unit.text;
    column += unit.width;
  }
  return out + "\n";
}

}  // namespace hikae::report
