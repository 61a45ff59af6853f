// SPDX-License-Identifier: Apache-2.0
// What holds for every history: three years of daily backups with the retention applied after each.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/retention.h"
#include "unit/policy_time/times.h"

namespace hikae::policy {
namespace {

using testing::at;

constexpr int kDays = 3 * 365;

// A repository whose retention is applied after each backup.
class History {
 public:
  History(RetentionRules rules, TimeZone zone) : rules_(std::move(rules)), zone_(zone) {}

  RetentionPlan add(Instant when, Completeness completeness = Completeness::complete) {
    RetentionSnapshot snapshot;
    snapshot.id = format_local(zone_.to_local(when));
    snapshot.time = when;
    snapshot.completeness = completeness;
    all_.push_back(snapshot);
    remaining_.push_back(snapshot);
    RetentionPlan plan = plan_retention(remaining_, rules_, zone_, when + std::chrono::seconds(1));
    std::vector<RetentionSnapshot> next;
    for (const SnapshotDecision& decision : plan.decisions) {
      if (decision.decision == Decision::keep) next.push_back(remaining_[decision.index]);
    }
    remaining_ = std::move(next);
    return plan;
  }

  // The decision over the whole history at once, as if nothing had been removed so far.
  std::set<std::string> at_once(Instant now) const {
    std::set<std::string> ids;
    for (const SnapshotDecision& decision : plan_retention(all_, rules_, zone_, now).decisions) {
      if (decision.decision == Decision::keep) ids.insert(decision.id);
    }
    return ids;
  }

  std::set<std::string> ids() const {
    std::set<std::string> ids;
    for (const RetentionSnapshot& snapshot : remaining_) ids.insert(snapshot.id);
    return ids;
  }
  const std::vector<RetentionSnapshot>& remaining() const { return remaining_; }

 private:
  RetentionRules rules_;
  TimeZone zone_;
  std::vector<RetentionSnapshot> all_;
  std::vector<RetentionSnapshot> remaining_;
};

RetentionRules three_and_four() {
  RetentionRules rules;
  rules.daily = 3;
  rules.weekly = 4;
  return rules;
}

class EachSeed : public ::testing::TestWithParam<unsigned> {
 protected:
  bool happens(int percent) { return static_cast<int>(random_() % 100) < percent; }

  std::mt19937 random_{GetParam()};
  TimeZone zone_ = TimeZone::named(GetParam() % 2 == 0 ? "Asia/Tokyo" : "America/New_York");
  Instant slot(int day) const {
    const LocalDay first(std::chrono::year(2024) / 1 / 1);
    return zone_.to_instant(first + std::chrono::days(day) + std::chrono::hours(2));
  }
};
INSTANTIATE_TEST_SUITE_P(Seeds, EachSeed, ::testing::Range(1U, 9U));

TEST_P(EachSeed, ThreeAndFourAreSevenOnEachWeekday) {
  History history(three_and_four(), zone_);
  for (int day = 0; day < kDays; ++day) {
    history.add(slot(day));
    if (day >= 7 * 5) {
      ASSERT_EQ(history.ids().size(), 7U) << day;
    }
    ASSERT_EQ(history.ids(), history.at_once(slot(day + 1))) << day;
  }
}

TEST_P(EachSeed, MissedDaysChangeNeitherTheNumberNorTheSet) {
  // One day in three is missed, now and then a stretch of up to a month.
  History history(three_and_four(), zone_);
  std::set<std::int64_t> weeks;
  int made = 0;
  int pause = 0;
  for (int day = 0; day < kDays; ++day) {
    if (pause == 0 && happens(1)) pause = 1 + static_cast<int>(random_() % 30);
    if (pause > 0) --pause;
    if (pause > 0 || happens(33)) continue;
    history.add(slot(day));
    ++made;
    weeks.insert(day / 7);  // 2024-01-01 is a Monday
    // Three days may lie in three weeks; four more must have existed.
    if (weeks.size() >= 7 && made >= 10) {
      ASSERT_EQ(history.ids().size(), 7U) << day;
    }
    ASSERT_EQ(history.ids(), history.at_once(slot(day + 1))) << day;
  }
  ASSERT_GT(made, 300);
}

TEST_P(EachSeed, CoarserRulesAddTheirWholeNumber) {
  RetentionRules rules = three_and_four();
  rules.monthly = 6;
  History history(rules, zone_);
  for (int day = 0; day < kDays; ++day) {
    if (happens(10)) continue;
    history.add(slot(day));
    if (day > 31 * 9) {
      ASSERT_EQ(history.ids().size(), 13U) << day;
    }
  }
}

TEST_P(EachSeed, UnreadableItemsNeverCostAGoodGeneration) {
  History history(three_and_four(), zone_);
  std::set<std::int64_t> good_weeks;
  for (int day = 0; day < kDays; ++day) {
    const auto completeness =
        happens(40) ? Completeness::has_unreadable_items : Completeness::complete;
    history.add(slot(day), completeness);
    if (completeness == Completeness::complete) good_weeks.insert(day / 7);
    if (day < 7 * 8) continue;
    ASSERT_GE(history.ids().size(), 7U) << day;
    ASSERT_LE(history.ids().size(), 9U) << day;
    // Of each week that is represented and had a good one, a good one remains.
    std::set<std::int64_t> weeks;
    std::set<std::int64_t> kept_good_weeks;
    for (const RetentionSnapshot& snapshot : history.remaining()) {
      const auto since = snapshot.time - slot(0) + std::chrono::hours(12);
      const auto week = std::chrono::floor<std::chrono::days>(since).count() / 7;
      weeks.insert(week);
      if (snapshot.completeness == Completeness::complete) kept_good_weeks.insert(week);
    }
    for (const std::int64_t week : weeks) {
      if (good_weeks.contains(week)) {
        ASSERT_TRUE(kept_good_weeks.contains(week)) << day;
      }
    }
  }
}

TEST_P(EachSeed, TheNewestCompleteOneAlwaysStays) {
  for (const Overlap overlap : {Overlap::additive, Overlap::overlapping}) {
    RetentionRules rules;
    rules.overlap = overlap;
    rules.hourly = static_cast<int>(random_() % 3);
    rules.daily = static_cast<int>(random_() % 3);
    rules.monthly = static_cast<int>(random_() % 3);
    rules.within_weekly.months = static_cast<int>(random_() % 3);
    rules.last = rules.is_empty() ? 1 : 0;
    History history(rules, zone_);
    for (int day = 0; day < 400; ++day) {
      if (happens(30)) continue;
      const RetentionPlan plan = history.add(slot(day) + std::chrono::minutes(random_() % 1300));
      ASSERT_EQ(plan.decisions[0].decision, Decision::keep);
    }
  }
}

}  // namespace
}  // namespace hikae::policy
