// SPDX-License-Identifier: Apache-2.0
#include "report/text_layout.h"

#include <vector>

#include "base/utf8.h"

namespace hikae::report {
namespace {

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
    const std::size_t width = display_width(next.value);
    const bool may_break = space || ((width == 2 || display_width(last) == 2) &&
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
