// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

namespace hikae {
namespace {

TEST(Printable, ShowsWhatWouldDriveATerminal) {
  EXPECT_EQ(printable("plain 日本語 é"), "plain 日本語 é");
  EXPECT_EQ(printable("a\x1b[31mb\a\nc\td\x7f"), "a\\x1b[31mb\\x07\\x0ac\\x09d\\x7f");
  EXPECT_EQ(printable("\xff\xe6\x97"), "\\xff\\xe6\\x97") << "not UTF-8";
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b") << "the one-byte form of ESC [";
  EXPECT_EQ(printable("\u202egnp.exe\u2066"), "\\xe2\\x80\\xaegnp.exe\\xe2\\x81\\xa6");
}

TEST(Printable, LeavesTheLinesOfASentence) {
  EXPECT_EQ(printable_lines("a\n\tb\x1b[2J\rc"), "a\n\tb\\x1b[2J\\x0dc");
}

}  // namespace
}  // namespace hikae
