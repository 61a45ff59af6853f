// SPDX-License-Identifier: Apache-2.0
#include "web/range.h"

#include <gtest/gtest.h>

namespace hikae::web {
namespace {

ByteRange part(std::uint64_t offset, std::uint64_t length) {
  return {ByteRange::Kind::part, offset, length};
}
const ByteRange kWhole;
const ByteRange kOutside{ByteRange::Kind::outside, 0, 0};

TEST(Range, TakesTheThreeForms) {
  EXPECT_EQ(parse_range("bytes=0-499", 1000), part(0, 500));
  EXPECT_EQ(parse_range("bytes=500-", 1000), part(500, 500));
  EXPECT_EQ(parse_range("bytes=-100", 1000), part(900, 100));
  EXPECT_EQ(parse_range("bytes=7-7", 1000), part(7, 1));
}

TEST(Range, EndsWithTheFile) {
  EXPECT_EQ(parse_range("bytes=900-1999", 1000), part(900, 100));
  EXPECT_EQ(parse_range("bytes=-5000", 1000), part(0, 1000));
  EXPECT_EQ(parse_range("bytes=1-18446744073709551615", 1000), part(1, 999));
  EXPECT_EQ(parse_range("bytes=1-99999999999999999999999", 1000), part(1, 999));
}

TEST(Range, SaysWhenTheFileHasNoSuchByte) {
  EXPECT_EQ(parse_range("bytes=1000-", 1000), kOutside);
  EXPECT_EQ(parse_range("bytes=0-", 0), kOutside);
  EXPECT_EQ(parse_range("bytes=-0", 1000), kOutside);
  EXPECT_EQ(parse_range("bytes=-5", 0), kOutside);
  EXPECT_EQ(parse_range("bytes=99999999999999999999999-", 1000), kOutside);
}

TEST(Range, IgnoresWhatItNeedNotUnderstand) {
  for (const char* header : {"",
                             "bytes",
                             "bytes=",
                             "bytes=-",
                             "bytes=5",
                             "bytes=5-4",
                             "bytes=0-1,3-4",
                             "bytes=a-b",
                             "bytes=0x1-",
                             "bytes=+1-",
                             "bytes= 1-2",
                             "bytes=--1",
                             "bytes=1--2",
                             "items=0-1"})
    EXPECT_EQ(parse_range(header, 1000), kWhole) << header;
}

}  // namespace
}  // namespace hikae::web
