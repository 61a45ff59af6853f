// SPDX-License-Identifier: Apache-2.0
#include "policy/values.h"

#include <gtest/gtest.h>

#include "base/units.h"

namespace hikae::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Closest, FindsWhatWasMeant) {
  const std::vector<std::string_view> keys = {
      "retention", "retry", "review", "exclude_caches", "daily", "wait", "on"};
  EXPECT_EQ(closest("retentoin", keys), "retention");
  EXPECT_EQ(closest("Retention", keys), "retention");
  EXPECT_EQ(closest("exclude-caches", keys), "exclude_caches");
  EXPECT_EQ(closest("retyr", keys), "retry");
  EXPECT_EQ(closest("keep_daily", keys), "daily");
  EXPECT_EQ(closest("wiat", keys), "wait");
}

TEST(Closest, StaysSilentWhereNothingIsNear) {
  const std::vector<std::string_view> keys = {"retention", "on"};
  EXPECT_EQ(closest("zebra", keys), std::nullopt);
  EXPECT_EQ(closest("", keys), std::nullopt);
  EXPECT_EQ(closest("xy", keys), std::nullopt);
  EXPECT_EQ(closest(std::string(100000, 'r'), keys), std::nullopt);
}

TEST(WriteDuration, ReadsBackAsTheSameLength) {
  for (const auto& length : {seconds(0),
                             seconds(1),
                             seconds(61),
                             seconds(minutes(10)),
                             seconds(hours(24)),
                             seconds(hours(36)),
                             seconds(hours(48)),
                             seconds(hours(49)),
                             seconds(86399)}) {
    EXPECT_EQ(parse_duration(write_duration(length)), length) << write_duration(length);
  }
  EXPECT_EQ(write_duration(minutes(90)), "1h30m");
  EXPECT_EQ(write_duration(hours(24)), "24h");
  EXPECT_EQ(write_duration(hours(48)), "2d");
}

TEST(Share, IsAPartOrASize) {
  EXPECT_EQ(parse_share("10%"), (Share{10, 0}));
  EXPECT_EQ(parse_share("50G"), (Share{0, std::uint64_t{50} << 30U}));
  EXPECT_EQ(parse_share("0"), Share());
  for (const char* text : {"10%", "50G", "0%"}) EXPECT_EQ(write_share(*parse_share(text)), text);
  for (const char* bad : {"", "%", "101%", "-1%", "5 %x", "many", "1.5%"})
    EXPECT_EQ(parse_share(bad), std::nullopt) << bad;
  EXPECT_EQ((Share{10, 0}).of(5000), 500U);
  EXPECT_EQ((Share{0, 70}).of(5000), 70U);
}

TEST(Period, HasDaysWeeksAndYears) {
  EXPECT_EQ(parse_period("3y"), hours(24 * 365 * 3));
  EXPECT_EQ(parse_period("6w"), hours(24 * 42));
  EXPECT_EQ(parse_period("1y10d"), hours(24 * 375));
  EXPECT_EQ(write_period(*parse_period("3y")), "3y");
  EXPECT_EQ(write_period(*parse_period("6w")), "42d");
  for (const char* bad : {"", "3", "d", "3m", "-1d", "99999999999999999999y", "9999999y", "1.5d"}) {
    EXPECT_EQ(parse_period(bad), std::nullopt) << bad;
  }
}

TEST(WriteSize, ReadsBackAsTheSameSize) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, 1023 * std::uint64_t{1}, kKiB, 500 * kMiB, 4 * kGiB, 1024 * kGiB}) {
    EXPECT_EQ(parse_bytes(write_size(size)), size) << write_size(size);
  }
  EXPECT_EQ(write_size(500 * kMiB), "500M");
}

TEST(WriteScalar, QuotesWhatYamlCouldTakeForSomethingElse) {
  EXPECT_EQ(write_scalar("/srv/a b", Kind::path), "/srv/a b");
  EXPECT_EQ(write_scalar("daily 02:00", Kind::schedule), "daily 02:00");
  EXPECT_EQ(write_scalar("no", Kind::line), "\"no\"");
  EXPECT_EQ(write_scalar("true", Kind::boolean), "true");
  EXPECT_EQ(write_scalar("*.tmp", Kind::line), "\"*.tmp\"");
  EXPECT_EQ(write_scalar("a: b", Kind::line), "\"a: b\"");
  EXPECT_EQ(write_scalar("a #b", Kind::line), "\"a #b\"");
  EXPECT_EQ(write_scalar("say \"hi\"\\", Kind::line), "\"say \\\"hi\\\"\\\\\"");
  EXPECT_EQ(write_scalar("共有", Kind::line), "共有");
}

}  // namespace
}  // namespace hikae::policy
