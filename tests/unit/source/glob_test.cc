// SPDX-License-Identifier: Apache-2.0
#include "source/glob.h"

#include <gtest/gtest.h>

#include "source/unicode.h"

namespace hikae {
namespace {

struct Case {
  std::string pattern;
  std::string name;
  bool matches;
};

TEST(Glob, FollowsTheRulesOfGo) {
  const std::vector<Case> cases = {
      {"report", "report", true},
      {"report", "reports", false},
      {"report", "Report", false},
      {"", "", true},
      {"", "x", false},
      {"*", "", true},
      {"*", "anything", true},
      {"*.tmp", ".tmp", true},
      {"*.tmp", "a.tmp", true},
      {"*.tmp", "a.tmp.gz", false},
      {"log*", "log", true},
      {"log*", "logs", true},
      {"log*", "blog", false},
      {"***", "x", true},
      {"a*b*c", "abc", true},
      {"a*b*c", "a-b-b-c", true},
      {"a*b*c", "a-c-b", false},
      {"*ab*", "xxabyy", true},
      {"*aab", "aaaab", true},
      {"?", "x", true},
      {"?", "", false},
      {"?", "xy", false},
      {"?", "語", true},  // one character, three bytes
      {"??", "語", false},
      {"?", "\xff", true},  // a byte that is not UTF-8 counts as a character
      {"??", "\xff\xfe", true},
      {"[a-c]x", "bx", true},
      {"[a-c]x", "dx", false},
      {"[^a-c]x", "dx", true},
      {"[^a-c]x", "ax", false},
      {"[あ-ん]", "か", true},
      {"[あ-ん]", "カ", false},
      {"[^あ-ん]", "カ", true},
      {"[abc]", "", false},
      {"[a\\]b]", "]", true},
      {"[\\-x]", "-", true},
      {"[*]", "*", true},
      {"[*]", "x", false},
      {"]", "]", true},
      {"\\*", "*", true},
      {"\\*", "x", false},
      {"a\\[b", "a[b", true},
      {"*[0-9]", "file7", true},
      {"*[0-9]", "file", false},
      {"[0-9]*", "7file", true},
      {"*\xe3\x81", "x\xe3\x81", true},  // half a character is a byte string like any other
  };
  for (const Case& test : cases) {
    const auto glob = Glob::compile(test.pattern);
    ASSERT_TRUE(glob) << test.pattern;
    EXPECT_EQ(glob->matches(test.name), test.matches) << test.pattern << " on " << test.name;
  }
}

TEST(Glob, RefusesMalformedPatterns) {
  for (const char* pattern : {"[",
                              "[a",
                              "[]",
                              "[]a]",
                              "[^]",
                              "[a-]",
                              "[-a]",
                              "[a-",
                              "a\\",
                              "[\\",
                              "[\xff]",
                              "x[",
                              "*[",
                              "[a\\"}) {
    EXPECT_FALSE(Glob::compile(pattern)) << pattern;
  }
}

TEST(Unicode, LowersLettersOfAllScripts) {
  EXPECT_EQ(to_lower("ABC.Txt"), "abc.txt");
  EXPECT_EQ(to_lower("ÀÉÎ ŻÓŁĆ"), "àéî żółć");
  EXPECT_EQ(to_lower("ΑΒΓ ДЖЗ"), "αβγ джз");
  EXPECT_EQ(to_lower("ＡＢＣ漢字"), "ａｂｃ漢字");  // full-width letters
  EXPECT_EQ(to_lower("ǄĲ"), "ǆĳ");
  EXPECT_EQ(to_lower("İ"), "i");
  EXPECT_EQ(to_lower("𐐀"), "𐐨");
  EXPECT_EQ(to_lower("a\xff"), "a\xef\xbf\xbd");
}

TEST(Unicode, TrimsWhiteSpaceOfAllScripts) {
  EXPECT_EQ(trim_space(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim_space("\u3000除外\u3000"), "除外");
  EXPECT_EQ(trim_space(" \u00a0 "), "");
  EXPECT_EQ(trim_space("\xff"), "\xff");
}

}  // namespace
}  // namespace hikae
