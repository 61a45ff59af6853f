// SPDX-License-Identifier: Apache-2.0
#include "policy/simulate.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "unit/policy_time/times.h"

namespace hikae::policy {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SimulationRequest company_policy(int days) {
  const TimeZone tokyo = TimeZone::named("Asia/Tokyo");
  RetentionRules rules;
  rules.daily = 3;
  rules.weekly = 4;
  return {rules,
          parse_schedule("daily 02:00", tokyo),
          tokyo,
          LocalDay(std::chrono::year(2026) / 6 / 1),
          days,
          {}};
}

std::vector<std::string> labels(const std::vector<SimulatedGeneration>& generations) {
  std::vector<std::string> out;
  for (const auto& generation : generations) out.push_back(generation.label);
  return out;
}

TEST(Simulate, ThreeDailyAndFourWeeklyAreSevenGenerations) {
  const auto days = simulate(company_policy(60));
  ASSERT_THAT(days, SizeIs(60));
  EXPECT_THAT(labels(days[0].generations), ElementsAre("2026-06-01 02:00"));
  // Thursday 2026-07-30: three days, and the Sundays of the four weeks before.
  EXPECT_THAT(labels(days[59].generations),
              ElementsAre("2026-07-30 02:00",
                          "2026-07-29 02:00",
                          "2026-07-28 02:00",
                          "2026-07-26 02:00",
                          "2026-07-19 02:00",
                          "2026-07-12 02:00",
                          "2026-07-05 02:00"));
  EXPECT_EQ(days[59].generations[0].reasons[0].rule, "daily snapshot");
  EXPECT_EQ(days[59].generations[6].reasons[0].rule, "weekly snapshot");
  EXPECT_THAT(labels(days[59].removed), ElementsAre("2026-07-27 02:00"));
  EXPECT_EQ(days[59].removed[0].reasons[0].rule, "superseded");
}

TEST(Simulate, MissedAndFailedDaysRemoveNothing) {
  SimulationRequest request = company_policy(120);
  for (int i = 60; i < 75; ++i) {
    request.outcomes[request.start + std::chrono::days(i)] =
        i % 2 == 0 ? DayOutcome::missed : DayOutcome::failed;
  }
  const auto days = simulate(request);
  for (int i = 60; i < 75; ++i) {
    const auto& day = days[static_cast<std::size_t>(i)];
    EXPECT_EQ(day.outcome, i % 2 == 0 ? DayOutcome::missed : DayOutcome::failed);
    EXPECT_EQ(labels(day.generations), labels(days[59].generations));
    EXPECT_THAT(day.removed, IsEmpty());
  }
  for (std::size_t i = 75; i < 120; ++i) EXPECT_THAT(days[i].generations, SizeIs(7)) << i;
}

TEST(Simulate, DaysWithoutABackupDueStayAsTheyAre) {
  SimulationRequest request = company_policy(14);
  request.backup = parse_schedule("weekly", request.zone);
  const auto days = simulate(request);
  EXPECT_EQ(days[5].outcome, DayOutcome::nothing);
  EXPECT_THAT(days[5].generations, IsEmpty());
  EXPECT_EQ(days[6].outcome, DayOutcome::good);
  EXPECT_THAT(labels(days[13].generations), ElementsAre("2026-06-14 04:00", "2026-06-07 04:00"));
}

TEST(Simulate, RefusesSenselessLengths) {
  EXPECT_THROW(simulate(company_policy(0)), Error);
  EXPECT_THROW(simulate(company_policy(40000)), Error);
}

}  // namespace
}  // namespace hikae::policy
