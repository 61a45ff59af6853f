// SPDX-License-Identifier: Apache-2.0
#include "policy/retention.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/policy_time/times.h"

namespace hikae::policy {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const TimeZone kUtc = TimeZone::utc();
const Instant kNow = at("2027-01-01 00:00");

RetentionSnapshot snapshot(const std::string& time,
                           std::vector<std::string> tags = {},
                           Completeness completeness = Completeness::complete) {
  RetentionSnapshot result;
  result.id = time;
  result.time = at(time);
  result.tags = std::move(tags);
  result.completeness = completeness;
  return result;
}

RetentionSnapshot damaged(const std::string& time) {
  return snapshot(time, {}, Completeness::has_unreadable_items);
}

std::vector<RetentionSnapshot> each_day(const std::string& first, int days) {
  std::vector<RetentionSnapshot> snapshots;
  Instant when = at(first);
  for (int i = 0; i < days; ++i, when += std::chrono::hours(24)) {
    snapshots.push_back(snapshot(format_local(kUtc.to_local(when))));
  }
  return snapshots;
}

std::vector<std::string> kept(const RetentionPlan& plan) {
  std::vector<std::string> ids;
  for (const SnapshotDecision& decision : plan.decisions) {
    if (decision.decision == Decision::keep) ids.push_back(decision.id);
  }
  return ids;
}

std::vector<std::string> kept(const std::vector<RetentionSnapshot>& snapshots,
                              const RetentionRules& rules) {
  return kept(plan_retention(snapshots, rules, kUtc, kNow));
}

std::vector<std::string> rules_of(const RetentionPlan& plan, const std::string& id) {
  std::vector<std::string> names;
  for (const SnapshotDecision& decision : plan.decisions) {
    if (decision.id != id) continue;
    for (const RetentionReason& reason : decision.reasons) names.push_back(reason.rule);
  }
  return names;
}

RetentionRules three_and_four() {
  RetentionRules rules;
  rules.daily = 3;
  rules.weekly = 4;
  return rules;
}

TEST(Additive, ThreeDailyAndFourWeeklyAreSeven) {
  // Until Wednesday 2026-11-25.
  const auto plan = plan_retention(each_day("2026-09-01 02:00", 86), three_and_four(), kUtc, kNow);
  EXPECT_THAT(kept(plan),
              ElementsAre("2026-11-25 02:00",
                          "2026-11-24 02:00",
                          "2026-11-23 02:00",
                          "2026-11-22 02:00",
                          "2026-11-15 02:00",
                          "2026-11-08 02:00",
                          "2026-11-01 02:00"));
  EXPECT_EQ(plan.kept(), 7U);
  EXPECT_EQ(plan.removed(), 79U);
  EXPECT_THAT(rules_of(plan, "2026-11-23 02:00"), ElementsAre("daily snapshot"));
  EXPECT_THAT(rules_of(plan, "2026-11-22 02:00"), ElementsAre("weekly snapshot"));
  EXPECT_THAT(rules_of(plan, "2026-11-21 02:00"), ElementsAre("superseded"));
  EXPECT_THAT(rules_of(plan, "2026-10-25 02:00"), ElementsAre("expired"));
}

TEST(Additive, EachRuleCountsOnTopOfTheFinerOnes) {
  RetentionRules rules;
  rules.last = 1;
  rules.hourly = 1;
  rules.daily = 1;
  rules.weekly = 1;
  rules.monthly = 1;
  rules.yearly = 1;
  const std::vector<RetentionSnapshot> snapshots = {snapshot("2026-11-25 10:30"),
                                                    snapshot("2026-11-25 10:10"),
                                                    snapshot("2026-11-25 09:50"),
                                                    snapshot("2026-11-25 09:10"),
                                                    snapshot("2026-11-24 23:00"),
                                                    snapshot("2026-11-23 23:00"),
                                                    snapshot("2026-11-20 23:00"),
                                                    snapshot("2026-10-31 23:00"),
                                                    snapshot("2026-09-30 23:00"),
                                                    snapshot("2025-12-31 23:00"),
                                                    snapshot("2024-12-31 23:00")};
  const auto plan = plan_retention(snapshots, rules, kUtc, kNow);
  EXPECT_THAT(kept(plan),
              ElementsAre("2026-11-25 10:30",
                          "2026-11-25 09:50",
                          "2026-11-24 23:00",
                          "2026-11-20 23:00",
                          "2026-10-31 23:00",
                          "2025-12-31 23:00"));
  EXPECT_THAT(rules_of(plan, "2026-11-25 09:50"), ElementsAre("hourly snapshot"));
  EXPECT_THAT(rules_of(plan, "2025-12-31 23:00"), ElementsAre("yearly snapshot"));
}

TEST(Additive, DaysAreThoseOfTheZone) {
  RetentionRules rules;
  rules.daily = 1;
  // In Tokyo both lie on 24 November, in UTC on two days.
  const std::vector<RetentionSnapshot> snapshots = {
      snapshot("2026-11-24 02:00"), snapshot("2026-11-23 16:00"), snapshot("2026-11-23 10:00")};
  rules.daily = 2;
  EXPECT_THAT(kept(plan_retention(snapshots, rules, kUtc, kNow)),
              ElementsAre("2026-11-24 02:00", "2026-11-23 16:00"));
  EXPECT_THAT(kept(plan_retention(snapshots, rules, TimeZone::named("Asia/Tokyo"), kNow)),
              ElementsAre("2026-11-24 02:00", "2026-11-23 10:00"));
}

TEST(Additive, WithoutUnreadableItemsGoesFirst) {
  RetentionRules rules;
  rules.daily = 2;
  EXPECT_THAT(kept({damaged("2026-11-24 14:00"),
                    snapshot("2026-11-24 02:00"),
                    snapshot("2026-11-24 01:00"),
                    damaged("2026-11-23 02:00"),
                    damaged("2026-11-23 01:00")},
                   rules),
              ElementsAre("2026-11-24 02:00", "2026-11-23 02:00"));
}

TEST(Additive, AWeekCoveredOnlyByDamagedOnesKeepsAGoodOneBesides) {
  RetentionRules rules;
  rules.daily = 1;
  rules.weekly = 1;
  // Wednesday is damaged and covers its week; Tuesday's good one stays besides, and the weekly
  // count still reaches the week before.
  EXPECT_THAT(kept({damaged("2026-11-25 02:00"),
                    snapshot("2026-11-24 02:00"),
                    snapshot("2026-11-23 02:00"),
                    snapshot("2026-11-22 02:00"),
                    snapshot("2026-11-15 02:00")},
                   rules),
              ElementsAre("2026-11-25 02:00", "2026-11-24 02:00", "2026-11-22 02:00"));
}

TEST(Additive, UnlimitedKeepsEachBucket) {
  RetentionRules rules;
  rules.daily = 1;
  rules.monthly = -1;
  EXPECT_THAT(kept(each_day("2026-09-15 02:00", 60), rules),
              ElementsAre("2026-11-13 02:00", "2026-10-31 02:00", "2026-09-30 02:00"));
}

TEST(Additive, WithinAndHoldCoverNothing) {
  RetentionRules rules;
  rules.daily = 1;
  rules.weekly = 1;
  rules.within = {0, 0, 2, 1};
  rules.hold = {"hold", "a, b"};
  auto snapshots = each_day("2026-11-10 02:00", 16);  // until Wednesday 25
  snapshots[3].tags = {"hold"};                       // 13
  snapshots[4].tags = {"a"};                          // 14
  snapshots[5].tags = {"b", "x", "a"};                // 15
  const auto plan = plan_retention(snapshots, rules, kUtc, kNow);
  EXPECT_THAT(kept(plan),
              ElementsAre("2026-11-25 02:00",
                          "2026-11-24 02:00",
                          "2026-11-23 02:00",
                          "2026-11-22 02:00",
                          "2026-11-15 02:00",
                          "2026-11-13 02:00"));
  EXPECT_THAT(rules_of(plan, "2026-11-25 02:00"), ElementsAre("within 2d1h", "daily snapshot"));
  EXPECT_THAT(rules_of(plan, "2026-11-15 02:00"), ElementsAre("has tags [a, b]"));
}

TEST(Additive, WithinCountsFromTheNewestThatIsNotOfTheFuture) {
  RetentionRules rules;
  rules.within = {0, 0, 1, 0};
  const std::vector<RetentionSnapshot> snapshots = {snapshot("2030-01-01 00:00"),
                                                    snapshot("2026-11-25 02:00"),
                                                    snapshot("2026-11-24 03:00"),
                                                    snapshot("2026-11-24 02:00")};
  EXPECT_THAT(kept(snapshots, rules),
              ElementsAre("2030-01-01 00:00", "2026-11-25 02:00", "2026-11-24 03:00"));
  EXPECT_THAT(kept(plan_retention(snapshots, rules, kUtc, at("2020-01-01 00:00"))).size(), 4U);
}

TEST(Additive, WithinPerDayPrefersReadableOnes) {
  RetentionRules rules;
  rules.within_daily = {0, 1, 0, 0};
  EXPECT_THAT(kept({damaged("2026-11-25 04:00"),
                    snapshot("2026-11-25 02:00"),
                    snapshot("2026-10-26 02:00"),
                    snapshot("2026-10-25 02:00")},
                   rules),
              ElementsAre("2026-11-25 02:00", "2026-10-26 02:00"));
}

TEST(Minimum, IsTheFloor) {
  RetentionRules rules;
  rules.hold = {"none-has-it"};
  const auto snapshots = each_day("2026-11-10 02:00", 5);
  EXPECT_THAT(kept(snapshots, rules), ElementsAre("2026-11-14 02:00"));
  rules.minimum = 3;
  const auto plan = plan_retention(snapshots, rules, kUtc, kNow);
  EXPECT_EQ(plan.kept(), 3U);
  EXPECT_THAT(rules_of(plan, "2026-11-12 02:00"), ElementsAre("minimum"));
  rules.minimum = 9;
  EXPECT_EQ(kept(snapshots, rules).size(), 5U);
  rules.minimum = 0;
  EXPECT_THAT(kept(snapshots, rules), IsEmpty());
}

TEST(Minimum, PrefersReadableOnes) {
  RetentionRules rules;
  rules.hold = {"none-has-it"};
  EXPECT_THAT(kept({damaged("2026-11-25 04:00"), snapshot("2026-11-24 02:00")}, rules),
              ElementsAre("2026-11-24 02:00"));
}

TEST(NoRules, RemoveNothing) {
  for (const Overlap overlap : {Overlap::additive, Overlap::overlapping}) {
    RetentionRules rules;
    rules.overlap = overlap;
    rules.minimum = 0;
    EXPECT_TRUE(rules.is_empty());
    const auto plan = plan_retention(each_day("2026-11-10 02:00", 5), rules, kUtc, kNow);
    EXPECT_EQ(plan.removed(), 0U);
    EXPECT_THAT(rules_of(plan, "2026-11-10 02:00"), ElementsAre("policy is empty"));
  }
  EXPECT_THAT(kept({}, three_and_four()), IsEmpty());
}

TEST(Overlapping, OneSnapshotMayServeSeveralRules) {
  RetentionRules rules = three_and_four();
  rules.overlap = Overlap::overlapping;
  const auto plan = plan_retention(each_day("2026-09-01 02:00", 86), rules, kUtc, kNow);
  EXPECT_THAT(kept(plan),
              ElementsAre("2026-11-25 02:00",
                          "2026-11-24 02:00",
                          "2026-11-23 02:00",
                          "2026-11-22 02:00",
                          "2026-11-15 02:00",
                          "2026-11-08 02:00"));
  EXPECT_THAT(rules_of(plan, "2026-11-25 02:00"), ElementsAre("daily snapshot", "weekly snapshot"));
  EXPECT_EQ(plan.decisions[0].counters, (RetentionCounters{0, 0, 2, 3, 0, 0}));
}

TEST(Overlapping, NewestFormKeepsTheOldestWhileCountsAreLeft) {
  RetentionRules rules;
  rules.overlap = Overlap::overlapping;
  rules.yearly = 5;
  const auto snapshots = each_day("2026-11-10 02:00", 4);
  const auto plan = plan_retention(snapshots, rules, kUtc, kNow);
  EXPECT_THAT(kept(plan), ElementsAre("2026-11-13 02:00", "2026-11-10 02:00"));
  EXPECT_THAT(rules_of(plan, "2026-11-10 02:00"), ElementsAre("oldest yearly snapshot"));

  rules.yearly = 1;
  EXPECT_THAT(kept(snapshots, rules), ElementsAre("2026-11-13 02:00"));
  rules.yearly = 5;
  rules.restic_form = ResticForm::v0_14;
  EXPECT_THAT(kept(snapshots, rules), ElementsAre("2026-11-13 02:00"));
}

TEST(Overlapping, NewestFormKnowsUnlimitedAndOldestWithin) {
  RetentionRules rules;
  rules.overlap = Overlap::overlapping;
  rules.weekly = -1;
  rules.within_monthly = {0, 2, 0, 0};
  const auto plan = plan_retention(each_day("2026-11-10 02:00", 10), rules, kUtc, kNow);
  // Thursday 19 and Sunday 15, and the oldest for both rules.
  EXPECT_THAT(kept(plan), ElementsAre("2026-11-19 02:00", "2026-11-15 02:00", "2026-11-10 02:00"));
  EXPECT_THAT(rules_of(plan, "2026-11-19 02:00"),
              ElementsAre("weekly snapshot", "monthly within 2m"));
  EXPECT_THAT(rules_of(plan, "2026-11-10 02:00"),
              ElementsAre("oldest weekly snapshot", "oldest monthly within 2m"));
  EXPECT_EQ(plan.decisions[9].counters.weekly, -1);
}

TEST(Overlapping, UnreadableItemsMakeNoDifference) {
  RetentionRules rules;
  rules.overlap = Overlap::overlapping;
  rules.restic_form = ResticForm::v0_14;
  rules.daily = 1;
  EXPECT_THAT(kept({damaged("2026-11-24 14:00"), snapshot("2026-11-24 02:00")}, rules),
              ElementsAre("2026-11-24 14:00"));
}

TEST(Overlapping, MonthsAreSubtractedAsGoDoes) {
  RetentionRules rules;
  rules.overlap = Overlap::overlapping;
  rules.within = {0, 1, 0, 0};
  // 31 March less a month is "31 February", which is 3 March.
  EXPECT_THAT(kept({snapshot("2026-03-31 12:00"),
                    snapshot("2026-03-03 12:01"),
                    snapshot("2026-03-03 12:00"),
                    snapshot("2026-03-02 12:00")},
                   rules),
              ElementsAre("2026-03-31 12:00", "2026-03-03 12:01"));
}

TEST(Overlapping, HugeSpansKeepEverything) {
  RetentionRules rules;
  rules.within = {9999, 0, 0, 0};
  EXPECT_EQ(kept(each_day("2026-11-10 02:00", 5), rules).size(), 5U);
}

TEST(Plan, IsInOrderWhateverTheInputAndNamesARuleForEach) {
  auto snapshots = each_day("2026-09-01 02:00", 86);
  const auto sorted = plan_retention(snapshots, three_and_four(), kUtc, kNow);
  std::rotate(snapshots.begin(), snapshots.begin() + 30, snapshots.end());
  std::reverse(snapshots.begin(), snapshots.begin() + 40);
  const auto plan = plan_retention(snapshots, three_and_four(), kUtc, kNow);
  ASSERT_EQ(plan.decisions.size(), sorted.decisions.size());
  for (std::size_t i = 0; i < plan.decisions.size(); ++i) {
    EXPECT_EQ(plan.decisions[i].id, sorted.decisions[i].id);
    EXPECT_EQ(plan.decisions[i].decision, sorted.decisions[i].decision);
    EXPECT_EQ(snapshots[plan.decisions[i].index].id, plan.decisions[i].id);
    ASSERT_FALSE(plan.decisions[i].reasons.empty());
    for (const Language language : {Language::en, Language::ja}) {
      const std::string sentence = render(plan.decisions[i].reasons[0].text, language);
      EXPECT_EQ(sentence.find('{'), std::string::npos) << sentence;
      EXPECT_EQ(sentence.find("schedule."), std::string::npos) << sentence;
    }
  }
}

}  // namespace
}  // namespace hikae::policy
