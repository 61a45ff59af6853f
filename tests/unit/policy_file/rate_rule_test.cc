// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_rule.h"

#include <gtest/gtest.h>

#include "base/units.h"
#include "policy/load.h"

namespace hikae::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::vector<RateRule> rules(const std::vector<std::string>& texts) {
  std::vector<RateRule> parsed;
  for (const std::string& text : texts) parsed.push_back(parse_rate_rule(text).value());
  return parsed;
}

TEST(RateRule, IsReadAndWrittenTheSameWay) {
  for (const char* text :
       {"10M", "unlimited", "22:00-06:00 unlimited", "08:30-18:00 2M", "00:00-24:00 1K"}) {
    const auto rule = parse_rate_rule(text);
    ASSERT_TRUE(rule) << text;
    EXPECT_EQ(write_rate_rule(*rule), text);
  }
}

TEST(RateRule, WhatIsNoneIsRefused) {
  for (const char* text : {"",
                           "0",
                           "fast",
                           "22:00-06:00",
                           "22:00-06:00 ",
                           "22:00-06:00 0",
                           "22:00 10M",
                           "2:00-06:00 10M",
                           "22:60-06:00 10M",
                           "25:00-06:00 10M",
                           "24:00-06:00 10M",
                           "06:00-06:00 10M",
                           "-1:00-06:00 10M",
                           "22:00-06:00  unlimited",
                           "Unlimited"}) {
    EXPECT_FALSE(parse_rate_rule(text)) << text;
  }
}

TEST(RateRule, TheFirstThatAppliesCounts) {
  const auto table = rules({"12:00-13:00 5M", "22:00-06:00 unlimited", "08:00-18:00 1M", "2M"});
  EXPECT_EQ(rate_at(table, hours(12)), 5 * kMiB);
  EXPECT_EQ(rate_at(table, hours(13)), 1 * kMiB);
  EXPECT_EQ(rate_at(table, hours(22)), std::nullopt);
  EXPECT_EQ(rate_at(table, hours(0)), std::nullopt);
  EXPECT_EQ(rate_at(table, hours(6) - minutes(1)), std::nullopt);
  EXPECT_EQ(rate_at(table, hours(6)), 2 * kMiB);
  EXPECT_EQ(rate_at(table, hours(22) - minutes(1)), 2 * kMiB);
  EXPECT_EQ(rate_at({}, hours(1)), std::nullopt);
  EXPECT_EQ(rate_at(rules({"08:00-18:00 1M"}), hours(19)), std::nullopt) << "no limit elsewhere";
}

}  // namespace
}  // namespace hikae::policy
