// SPDX-License-Identifier: Apache-2.0
#include "format/unicode_print.h"

#include <algorithm>
#include <iterator>

namespace hikae::format {
namespace {

struct RuneRange {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr RuneRange kPrintable[] = {
#include "format/unicode_print_ranges.inc"
};

}  // namespace

bool is_printable(char32_t rune) {
  if (rune < 0x80) return rune >= 0x20 && rune < 0x7f;
  // Most names that are not ASCII are in one of these two blocks here.
  if (rune >= 0x3041 && rune <= 0x3096) return true;
  if (rune >= 0x4e00 && rune <= 0x9fff) return true;
  const auto* const after =
      std::upper_bound(std::begin(kPrintable),
                       std::end(kPrintable),
                       std::uint32_t{rune},
                       [](std::uint32_t value, const RuneRange& r) { return value < r.first; });
  return after != std::begin(kPrintable) && rune <= std::prev(after)->last;
}

Rune decode_rune(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i])
                                : static_cast<unsigned char>(0);
  };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const auto bits = [&](std::size_t i) { return static_cast<char32_t>(byte(i) & 0x3f); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xc2 && lead <= 0xdf && tail(1)) return {((lead & 0x1f) << 6) | bits(1), 2};
  // The second byte's bounds keep out overlong forms, surrogates and values above U+10FFFF.
  if (lead >= 0xe0 && lead <= 0xef &&
      tail(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) && tail(2)) {
    return {((lead & 0x0f) << 12) | (bits(1) << 6) | bits(2), 3};
  }
  if (lead >= 0xf0 && lead <= 0xf4 &&
      tail(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) && tail(2) && tail(3)) {
    return {((lead & 0x07) << 18) | (bits(1) << 12) | (bits(2) << 6) | bits(3), 4};
  }
  return {0, 0};
}

bool is_valid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = decode_rune(text, at).length;
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace hikae::format
