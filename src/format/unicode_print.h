// SPDX-License-Identifier: Apache-2.0
// Internal to format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hikae::format {

// What Go's strconv.IsPrint says with the tables of Unicode 15.0: letters, marks, numbers,
// punctuation, symbols and the ASCII space. Spaces like U+00A0 and U+3000 are not printable.
bool is_printable(char32_t rune);

struct Rune {
  char32_t value = 0;
  std::size_t length = 0;  // in bytes; 0 where the text is not well-formed UTF-8
};
// The code point at `at`. REQUIRES: at < text.size().
Rune decode_rune(std::string_view text, std::size_t at);

bool is_valid_utf8(std::string_view text);

}  // namespace hikae::format
