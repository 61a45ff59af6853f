// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <gtest/gtest.h>

namespace hikae {
namespace {

using std::chrono::seconds;

TEST(Bytes, AreShownAsResticShowsThem) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.000 KiB");
  EXPECT_EQ(format_bytes(1536 * kMiB), "1.500 GiB");
  EXPECT_EQ(format_bytes(3 * 1024 * kGiB), "3.000 TiB");
}

TEST(Bytes, AreReadWithTheirUnits) {
  EXPECT_EQ(parse_bytes("100"), 100U);
  EXPECT_EQ(parse_bytes("100B"), 100U);
  EXPECT_EQ(parse_bytes("12k"), 12 * kKiB);
  EXPECT_EQ(parse_bytes("500M"), 500 * kMiB);
  EXPECT_EQ(parse_bytes("1.5G"), 1536 * kMiB);
  EXPECT_EQ(parse_bytes("2GB"), 2 * kGiB);
  EXPECT_EQ(parse_bytes("2 GiB"), 2 * kGiB);
  EXPECT_EQ(parse_bytes("1T"), 1024 * kGiB);
}

TEST(Bytes, RefuseWhatIsNoSize) {
  for (const char* bad :
       {"", "M", "-1", "1X", "1GG", "1 G x", "abc", "1e300G", "99999999T", "0x10"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  }
}

TEST(Duration, IsShownAsAClock) {
  EXPECT_EQ(format_duration(seconds(7)), "0:07");
  EXPECT_EQ(format_duration(seconds(754)), "12:34");
  EXPECT_EQ(format_duration(seconds(3723)), "1:02:03");
  EXPECT_EQ(format_duration(seconds(100 * 3600)), "100:00:00");
}

TEST(Duration, IsReadAsASumOfParts) {
  EXPECT_EQ(parse_duration("30s"), seconds(30));
  EXPECT_EQ(parse_duration("5m"), seconds(300));
  EXPECT_EQ(parse_duration("1h30m"), seconds(5400));
  EXPECT_EQ(parse_duration("2d"), seconds(2 * 86400));
  EXPECT_EQ(parse_duration("1w"), seconds(7 * 86400));
  EXPECT_EQ(parse_duration("1.5h"), seconds(5400));
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* bad : {"", "5", "m", "5x", "5m3", "-5m", "5 m", "1y"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace hikae
