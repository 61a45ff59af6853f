// SPDX-License-Identifier: Apache-2.0
#include "format/unicode_print.h"

#include "support.h"

namespace hikae::format {
namespace {

// Sums over the general categories of Unicode 15.0: all of L, M, N, P and S, and the ASCII space.
TEST(IsPrintable, CountsOfUnicode15) {
  std::size_t ascii = 0;
  std::size_t basic_plane = 0;
  std::size_t beyond = 0;
  for (char32_t rune = 0; rune <= 0x10ffff; ++rune) {
    if (!is_printable(rune)) continue;
    ++(rune < 0x80 ? ascii : rune < 0x10000 ? basic_plane : beyond);
  }
  EXPECT_EQ(ascii, 95U);
  EXPECT_EQ(ascii + basic_plane + beyond, 148'998U);
}

TEST(IsPrintable, Categories) {
  for (const char32_t rune : {U' ',
                              U'~',
                              U'\u00a1',
                              U'\u0301',
                              U'\u3042',
                              U'\u30fc',
                              U'\u4e00',
                              U'\ufffd',
                              U'\U0001f600',
                              U'\U000e0100',
                              U'\u2bff'}) {
    EXPECT_TRUE(is_printable(rune)) << std::hex << static_cast<std::uint32_t>(rune);
  }
  for (const char32_t rune :
       {U'\x1f',   U'\x7f',   U'\u0080', U'\u00a0', U'\u00ad',     U'\u0600',     U'\u061c',
        U'\u1680', U'\u180e', U'\u2000', U'\u200d', U'\u202f',     U'\u2060',     U'\u3000',
        U'\ue000', U'\ufeff', U'\ufff9', U'\uffff', U'\U000e0001', U'\U000f0000', U'\U0010ffff'}) {
    EXPECT_FALSE(is_printable(rune)) << std::hex << static_cast<std::uint32_t>(rune);
  }
}

// The ranges that are answered before the table is asked must agree with it at their edges.
TEST(IsPrintable, EdgesOfTheShortcuts) {
  EXPECT_FALSE(is_printable(0x3040));
  EXPECT_TRUE(is_printable(0x3041));
  EXPECT_TRUE(is_printable(0x3096));
  EXPECT_FALSE(is_printable(0x3097));
  EXPECT_TRUE(is_printable(0x4dff));
  EXPECT_TRUE(is_printable(0x9fff));
  EXPECT_TRUE(is_printable(0xa000));
  EXPECT_FALSE(is_printable(0xa48d));
}

TEST(IsValidUtf8, KnowsTheRules) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("aé語😀\U0010ffff"));
  for (const char* text : {"\x80",
                           "\xc1\x81",
                           "\xe0\x80\x80",
                           "\xe3\x81",
                           "\xed\xbf\xbf",
                           "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "a\xff"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

}  // namespace
}  // namespace hikae::format
