// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hikae {

struct Character {
  char32_t value = 0;      // U+FFFD for a byte that is not UTF-8
  std::string_view bytes;  // one byte in that case
};

// The first character of a text that is not empty.
Character first_character(std::string_view text);

// Columns that a terminal or a printer with a fixed font needs: East Asian wide characters take
// two, combining ones none. What is not UTF-8 counts one per byte.
std::size_t display_width(char32_t value);
std::size_t display_width(std::string_view text);

// Control characters, those that turn the direction of writing, and what is not UTF-8 as \xNN, so
// that a file name can neither drive the terminal nor look like another one.
std::string printable(std::string_view text);
// The same for sentences with names in them: line breaks and tabs stay.
std::string printable_lines(std::string_view text);

}  // namespace hikae
