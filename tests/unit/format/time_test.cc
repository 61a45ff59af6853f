// SPDX-License-Identifier: Apache-2.0
#include "format/time.h"

#include <limits>
#include <random>

#include "support.h"

namespace hikae::format {
namespace {

constexpr std::int32_t kTokyo = 9 * 3600;

TEST(Rfc3339, WritesWhatGoWrites) {
  EXPECT_EQ(to_rfc3339({}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339({1704153845, 70'000'000, 0}), "2024-01-02T00:04:05.07Z");
  EXPECT_EQ(to_rfc3339({1704153845, 1, 0}), "2024-01-02T00:04:05.000000001Z");
  EXPECT_EQ(to_rfc3339({1704153845, 999'999'999, kTokyo}), "2024-01-02T09:04:05.999999999+09:00");
  EXPECT_EQ(to_rfc3339({1704153845, 0, -(3 * 3600 + 1800)}), "2024-01-01T20:34:05-03:30");
  EXPECT_EQ(to_rfc3339({-1, 500'000'000, 0}), "1969-12-31T23:59:59.5Z");
  EXPECT_EQ(to_rfc3339({-62135596800, 0, 0}), "0001-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339({951782400, 0, 0}), "2000-02-29T00:00:00Z");
  EXPECT_EQ(to_rfc3339({-2203977600, 0, 0}), "1900-02-28T00:00:00Z");
}

// Tokyo before 1888 was 9:18:59 east: the wall clock has the seconds, the written offset has not.
TEST(Rfc3339, LocalMeanTimeLosesTheSecondsOfItsOffset) {
  EXPECT_EQ(to_rfc3339({-2840140800, 0, 9 * 3600 + 18 * 60 + 59}), "1880-01-01T09:18:59+09:18");
  EXPECT_EQ(to_rfc3339({0, 0, 30}), "1970-01-01T00:00:30+00:00");
  EXPECT_EQ(to_rfc3339({0, 0, -90}), "1969-12-31T23:58:30-00:01");
}

TEST(Rfc3339, YearsAreClamped) {
  EXPECT_EQ(to_rfc3339({253402300799, 0, 0}), "9999-12-31T23:59:59Z");
  // One second later in local time is the year 10000.
  EXPECT_EQ(to_rfc3339({253402300799, 0, 3600}), "9999-01-01T00:59:59+01:00");
  EXPECT_EQ(to_rfc3339({253402300800, 5, 0}), "9999-01-01T00:00:00.000000005Z");
  EXPECT_EQ(to_rfc3339({-62167219200, 0, 0}), "0000-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339({-62167219201, 0, 0}), "0000-12-31T23:59:59Z");
  // 29 February of the year 12000 does not exist in 9999.
  EXPECT_EQ(to_rfc3339({316521302400, 0, 0}), "9999-03-01T00:00:00Z");
}

TEST(Rfc3339, ExtremeValuesAreWrittenAsValidTimes) {
  for (const std::int64_t seconds :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    for (const std::int32_t offset :
         {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()}) {
      const std::string text = to_rfc3339({seconds, 4'000'000'000U, offset});
      EXPECT_TRUE(parse_rfc3339(text)) << text;
    }
  }
}

TEST(Rfc3339, ReadsWhatItWrites) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    Timestamp time;
    time.seconds = static_cast<std::int64_t>(random() % 315'569'000'000U) - 62'167'000'000;
    time.nanoseconds = static_cast<std::uint32_t>(random() % 1'000'000'000U);
    if (i % 3 == 0) time.nanoseconds -= time.nanoseconds % 1'000'000U;
    time.offset = (static_cast<std::int32_t>(random() % 2800U) - 1400) * 60 / 2;
    time.offset -= time.offset % 60;
    const auto parsed = parse_rfc3339(to_rfc3339(time));
    ASSERT_TRUE(parsed) << to_rfc3339(time);
    ASSERT_EQ(*parsed, time) << to_rfc3339(time);
  }
}

TEST(Rfc3339, ReadsOtherSpellingsOfTheSameInstant) {
  const auto plain = parse_rfc3339("2024-01-02T00:04:05Z");
  ASSERT_TRUE(plain);
  for (const char* text : {"2024-01-02T00:04:05+00:00",
                           "2024-01-02T00:04:05-00:00",
                           "2024-01-02T00:04:05.0Z",
                           "2024-01-02T00:04:05.0000000000001Z",
                           "2024-01-02T09:04:05+09:00",
                           "2024-01-01T23:59:05-00:05"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_TRUE(time->same_instant(*plain)) << text;
  }
}

TEST(Rfc3339, RefusesAnythingElse) {
  for (const char* text : {"",
                           "2024-01-02",
                           "2024-01-02T00:04:05",
                           "2024-01-02t00:04:05Z",
                           "2024-01-02T00:04:05z",
                           "2024-01-02 00:04:05Z",
                           "2024-1-02T00:04:05Z",
                           "2024-00-02T00:04:05Z",
                           "2024-13-02T00:04:05Z",
                           "2023-02-29T00:04:05Z",
                           "1900-02-29T00:04:05Z",
                           "2024-04-31T00:04:05Z",
                           "2024-01-00T00:04:05Z",
                           "2024-01-02T24:04:05Z",
                           "2024-01-02T00:60:05Z",
                           "2024-01-02T00:04:60Z",
                           "2024-01-02T00:04:05.Z",
                           "2024-01-02T00:04:05,5Z",
                           "2024-01-02T00:04:05+9:00",
                           "2024-01-02T00:04:05+24:00",
                           "2024-01-02T00:04:05+09:60",
                           "2024-01-02T00:04:05+0900",
                           "2024-01-02T00:04:05Z ",
                           "+024-01-02T00:04:05Z",
                           "12024-01-02T00:04:05Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Timestamp, ConvertsToInstantsAndBack) {
  for (const std::int64_t nanoseconds : {std::int64_t{0},
                                         std::int64_t{-1},
                                         std::int64_t{1'500'000'000},
                                         std::int64_t{-1'500'000'000}}) {
    const Instant instant{std::chrono::nanoseconds(nanoseconds)};
    const Timestamp time = to_timestamp(instant, kTokyo);
    EXPECT_LT(time.nanoseconds, 1'000'000'000U);
    EXPECT_EQ(time.offset, kTokyo);
    EXPECT_EQ(to_instant(time), instant);
  }
  EXPECT_EQ(to_timestamp(Instant{std::chrono::nanoseconds(-1)}), (Timestamp{-1, 999'999'999, 0}));
}

TEST(Timestamp, ClampsToWhatAnInstantHolds) {
  EXPECT_EQ(to_instant({std::numeric_limits<std::int64_t>::max(), 0, 0}), Instant::max());
  EXPECT_EQ(to_instant({std::numeric_limits<std::int64_t>::min(), 0, 0}), Instant::min());
  EXPECT_EQ(to_instant({-62135596800, 0, 0}), Instant::min());
}

}  // namespace
}  // namespace hikae::format
