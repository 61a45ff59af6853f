// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <limits>

#include <gtest/gtest.h>

namespace hikae {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, LeavesPlainTextAlone) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("a b/c~'`"), R"("a b/c~'`")");
  EXPECT_EQ(quoted("控え é 😀"), R"("控え é 😀")");
  EXPECT_EQ(quoted("\x7f"), "\"\x7f\"") << "Go leaves DEL as it is";
}

TEST(JsonString, EscapesAsGoDoes) {
  EXPECT_EQ(quoted("\"\\"), R"("\"\\")");
  EXPECT_EQ(quoted("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(quoted(std::string_view("\0\x01\x0b\x1f", 4)), R"("\u0000\u0001\u000b\u001f")");
  EXPECT_EQ(quoted("a<b>&c"), R"("a\u003cb\u003e\u0026c")");
  EXPECT_EQ(quoted("\u2027\u2028\u2029\u202a"), "\"\u2027\\u2028\\u2029\u202a\"");
}

TEST(JsonString, ReplacesEachInvalidByte) {
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            R"("a\ufffdb")");
  EXPECT_EQ(quoted("\x80"), R"("\ufffd")");
  EXPECT_EQ(quoted("\xc0\xaf"), R"("\ufffd\ufffd")") << "overlong";
  EXPECT_EQ(quoted("\xe0\x80\x80"), R"("\ufffd\ufffd\ufffd")") << "overlong";
  EXPECT_EQ(quoted("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")") << "surrogate";
  EXPECT_EQ(quoted("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")") << "above U+10FFFF";
  EXPECT_EQ(quoted("\xf0\x8f\xbf\xbf"), R"("\ufffd\ufffd\ufffd\ufffd")") << "overlong";
  EXPECT_EQ(quoted("\xe3\x81"), R"("\ufffd\ufffd")") << "cut short";
}

TEST(JsonString, KeepsTheEdgesOfUtf8) {
  for (const std::string_view text :
       {"\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"}) {
    EXPECT_EQ(quoted(text), "\"" + std::string(text) + "\"");
  }
}

TEST(JsonWriter, PlacesCommas) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("a", 1).key("b").begin_array();
  json.value("x").begin_object().end_object().begin_array().end_array().null().boolean(true);
  json.end_array().member("c", "y").key("d").raw("[1]").key("e").boolean(false).end_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x",{},[],null,true],"c":"y","d":[1],"e":false})");
}

TEST(JsonWriter, WritesEveryIntegerExactly) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::numeric_limits<std::int64_t>::min());
  json.value(std::uint32_t{4294967295}).value(std::int32_t{-1}).value(std::uint64_t{0});
  json.end_array();
  EXPECT_EQ(out, "[18446744073709551615,-9223372036854775808,4294967295,-1,0]");
}

TEST(JsonWriter, AppendsToWhatIsThere) {
  std::string out = "before ";
  JsonWriter(out).value(std::string("<"));
  EXPECT_EQ(out, R"(before "\u003c")");
}

}  // namespace
}  // namespace hikae
