// SPDX-License-Identifier: Apache-2.0
#include "report/text_layout.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace hikae::report {
namespace {

TEST(DisplayWidth, CountsWideCharactersTwice) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("控え"), 4U);
  EXPECT_EQ(display_width("ハンカク"), 8U);
  EXPECT_EQ(display_width("\uff8a\uff9d\uff76\uff78"), 4U);  // half-width
  EXPECT_EQ(display_width("か\u3099"), 2U);                  // NFD
  EXPECT_EQ(display_width("é"), 1U);
  EXPECT_EQ(display_width("\xff\xfe"), 2U);
  EXPECT_EQ(display_width("\xe3\x81"), 2U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_EQ(wrap("one two three", "", 7), "one two\nthree\n");
  EXPECT_EQ(wrap("one two three", "1. ", 10), "1. one two\n   three\n");
  EXPECT_EQ(wrap("", "", 7), "\n");
}

TEST(Wrap, KeepsALongWordWhole) {
  EXPECT_EQ(wrap("a sftp://a-long-location b", "", 10), "a\nsftp://a-long-location\nb\n");
}

TEST(Wrap, BreaksBetweenWideCharacters) {
  EXPECT_EQ(wrap("復旧手順書", "", 6), "復旧手\n順書\n");
  EXPECT_EQ(wrap("復旧シート", "", 6), "復旧\nシート\n");
}

TEST(Wrap, KeepsPunctuationWhereItBelongs) {
  // The full stop would begin the second line: the character before goes with it.
  EXPECT_EQ(wrap("復旧手順。次", "", 8), "復旧手\n順。次\n");
  EXPECT_EQ(wrap("復旧「手順」", "", 6), "復旧\n「手\n順」\n");
}

TEST(Wrap, KeepsLatinWordsInsideJapanese) {
  EXPECT_EQ(wrap("保管後にhikaeを実行", "", 12), "保管後に\nhikaeを実行\n");
}

}  // namespace
}  // namespace hikae::report
