// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hikae {

inline constexpr std::uint32_t kReplacementCharacter = 0xfffd;

struct DecodedCharacter {
  std::uint32_t code_point = kReplacementCharacter;
  std::size_t size = 1;  // bytes; a byte that begins no valid sequence is a character of size 1
  bool valid() const { return code_point != kReplacementCharacter || size == 3; }
};

// The first character of `text`. REQUIRES: `text` is not empty.
DecodedCharacter decode_character(std::string_view text);

// Simple lower-case mapping, character by character; invalid bytes become U+FFFD when the text is
// not plain ASCII (as Go's strings.ToLower does, which restic compares by). Independent of locale.
std::string to_lower(std::string_view text);

// Without the white space, ASCII and Unicode (U+3000 among it), at both ends.
std::string_view trim_space(std::string_view text);

}  // namespace hikae
