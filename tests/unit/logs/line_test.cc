// SPDX-License-Identifier: Apache-2.0
#include "logs/line.h"

#include <gtest/gtest.h>

namespace hikae::logs {
namespace {

Line full_line() {
  Line line;
  line.time = Instant(std::chrono::seconds(1'795'402'800)) + std::chrono::nanoseconds(5);
  line.utc_offset = 9 * 3600;
  line.severity = LogLevel::warning;
  line.event = "generation";
  line.event_class = "io";
  line.policy = "company";
  line.job = "backup";
  line.group = "hourly";
  line.slot = Instant(std::chrono::seconds(1'795'402'700));
  line.run = "0123456789abcdef";
  line.source = "work";
  line.destination = "nas";
  line.path = "/srv/\xe6\x8e\xa7\xe3\x81\x88\n\"x\"";
  line.snapshot = std::string(64, 'a');
  line.verdict = "partial";
  line.read_back = false;
  line.numbers = {{"bytes", 18'446'744'073'709'551'615U}, {"files", 0}};
  line.message = "two\nlines \x1b[31m";
  line.hint = "look";
  return line;
}

TEST(Line, IsOneLineAndReadsBackAsItWas) {
  const Line line = full_line();
  const std::string text = encode_line(line);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const auto read = parse_line(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, line);
}

TEST(Line, TellsTheTimeWithItsZoneAndTheSlotInUtc) {
  const std::string text = encode_line(full_line());
  EXPECT_NE(text.find("\"time\":\"2026-11-23T12:00:00.000000005+09:00\""), std::string::npos)
      << text;
  EXPECT_NE(text.find("\"slot\":\"2026-11-23T02:58:20Z\""), std::string::npos) << text;
}

TEST(Line, WhatIsTornOrNoLineIsRefused) {
  const std::string text = encode_line(full_line());
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_FALSE(parse_line(text.substr(0, length))) << length;
  for (const char* other : {"",
                            "Nov 26 02:00:00 host backup: ok",
                            "{}",
                            "[]",
                            R"({"time":"2026-11-23T12:00:00Z","severity":"info"})",
                            R"({"time":"yesterday","severity":"info","event":"x"})",
                            R"({"time":"2026-11-23T12:00:00Z","severity":"loud","event":"x"})"}) {
    EXPECT_FALSE(parse_line(other)) << other;
  }
}

TEST(Line, AcceptsMembersOfANewerProgram) {
  const auto line = parse_line(
      R"({"time":"2026-11-23T12:00:00Z","severity":"info","event":"x","new":{"a":[1]},"run":"r"})");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->run, "r");
}

}  // namespace
}  // namespace hikae::logs
