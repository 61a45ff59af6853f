// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "format/node.h"
#include "support.h"

namespace hikae::format {
namespace {

using namespace std::string_literals;

struct Case {
  std::string raw;
  std::string quoted;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"plain name.txt", "plain name.txt"},
      {"it's", "it's"},
      {R"(a"b\c)", R"(a\"b\\c)"},
      {"\a\b\f\n\r\t\v", R"(\a\b\f\n\r\t\v)"},
      {"\x01\x1f\x7f", R"(\x01\x1f\x7f)"},
      {"\0"s, R"(\x00)"},
      {"<>&", "<>&"},
      {"bad\xff\xfename", R"(bad\xff\xfename)"},
      {"cut\xe3\x81", R"(cut\xe3\x81)"},            // the first two of three bytes
      {"\xc0\xaf", R"(\xc0\xaf)"},                  // overlong "/"
      {"\xed\xa0\x80", R"(\xed\xa0\x80)"},          // a surrogate
      {"\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"},  // above U+10FFFF
      {"が", "が"},                                 // NFC
      {"か\u3099", "か\u3099"},                     // NFD; the combining mark is printable
      {"全角\u3000空白", R"(全角\u3000空白)"},
      {"a\u00a0b", R"(a\u00a0b)"},
      {"a\u00adb", R"(a\u00adb)"},
      {"a\u200bb", R"(a\u200bb)"},
      {"a\u2028b\u2029c", R"(a\u2028b\u2029c)"},
      {"a\ufeffb", R"(a\ufeffb)"},
      {"\ufffd", "\ufffd"},
      {"😀", "😀"},
      {"\U0001F468\u200D\U0001F469", "\U0001F468\\u200d\U0001F469"},
      {"\u0378", R"(\u0378)"},          // never assigned
      {"\ue000", R"(\ue000)"},          // private use
      {"\U000e0080", R"(\U000e0080)"},  // never assigned
      {"\U0010ffff", R"(\U0010ffff)"},
      {"\U0001fae8", "\U0001fae8"},     // new in Unicode 15.0
      {"\U0002ebf0", R"(\U0002ebf0)"},  // new in Unicode 15.1
  };
  return kCases;
}

TEST(QuoteName, WritesWhatGoWrites) {
  for (const Case& c : cases()) EXPECT_EQ(quote_name(c.raw), c.quoted);
}

TEST(UnquoteName, IsTheInverse) {
  for (const Case& c : cases()) EXPECT_EQ(unquote_name(c.quoted), c.raw) << c.quoted;
}

TEST(UnquoteName, TakesEveryEscapeOfGo) {
  EXPECT_EQ(unquote_name(R"(\101\x42\u0043\U00000044)"), "ABCD");
  EXPECT_EQ(unquote_name(R"(\xFF\377)"), "\xff\xff");
  EXPECT_EQ(unquote_name(R"(\u3042\u00e9\U0001F600)"), "あ\u00e9😀");
}

TEST(UnquoteName, RefusesWhatGoRefuses) {
  for (const char* quoted : {R"(\)",
                             R"(a\)",
                             R"(\q)",
                             R"(\')",
                             R"(\x)",
                             R"(\x1)",
                             R"(\xg1)",
                             R"(\12)",
                             R"(\400)",
                             R"(\189)",
                             R"(\u123)",
                             R"(\ud800)",
                             R"(\udfff)",
                             R"(\U00110000)",
                             R"(\U1234567)",
                             R"(a"b)",
                             "a\nb"}) {
    EXPECT_EQ(unquote_name(quoted), std::nullopt) << quoted;
  }
}

TEST(QuoteName, EveryRandomNameComesBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    std::string raw;
    const std::size_t length = random() % 24;
    // Half of the bytes come from the upper range, so that UTF-8 happens by chance, too.
    while (raw.size() < length) raw += static_cast<char>(random() % (i % 2 == 0 ? 256 : 128));
    ASSERT_EQ(unquote_name(quote_name(raw)), raw) << quote_name(raw);
  }
}

}  // namespace
}  // namespace hikae::format
