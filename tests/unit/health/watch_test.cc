// SPDX-License-Identifier: Apache-2.0
#include "health/watch.h"

#include <gtest/gtest.h>

#include "support/policy_kit.h"

namespace hikae::testing {
namespace {

Instant at(int hour) {
  return Instant(std::chrono::hours(hour));
}

Watched watched(const std::string& source, std::optional<Instant> newest) {
  Watched one;
  one.source = source;
  one.newest = newest;
  one.due = at(100);
  one.verdict = judge(one, at(110));
  return one;
}

TEST(Watch, JudgesTheNewestByTheDueMoment) {
  EXPECT_EQ(watched("a", at(100)).verdict, Verdict::ok);
  EXPECT_EQ(watched("a", at(99)).verdict, Verdict::failed);
  EXPECT_EQ(watched("a", std::nullopt).verdict, Verdict::failed);
  EXPECT_EQ(watched("a", at(111)).verdict, Verdict::warning);
  Watched unreadable = watched("a", at(100));
  unreadable.failure = Error(ErrorCode::io, Text{"os.read_failed", {}});
  EXPECT_EQ(judge(unreadable, at(110)), Verdict::failed);
}

TEST(Watch, FailsWhereASourceIsFreshNowhere) {
  EXPECT_EQ(judge({watched("a", at(100)), watched("b", at(105))}), Verdict::ok);
  EXPECT_EQ(judge({watched("a", at(100)), watched("a", at(50))}), Verdict::partial);
  EXPECT_EQ(judge({watched("a", at(100)), watched("b", at(50))}), Verdict::failed);
  EXPECT_EQ(judge(std::vector<Watched>{}), Verdict::failed);
}

TEST(Watch, AMissingCheckIsPartialWhateverTheBackupsAre) {
  Watched check = watched("", at(99));
  check.job = "check";
  check.destination = "nas";
  EXPECT_EQ(judge({watched("a", at(100)), check}), Verdict::partial);
  EXPECT_EQ(judge({watched("a", at(50)), check}), Verdict::failed);
  check.newest = at(101);
  check.verdict = judge(check, at(110));
  EXPECT_EQ(judge({watched("a", at(100)), check}), Verdict::ok);
  // A good check is no generation.
  EXPECT_EQ(judge({watched("a", at(50)), check}), Verdict::failed);
}

// Two machines with a repository of each destination between them, and a clock that moves.
TEST(Watch, RaisesTheAlarmAsSoonAsTheWindowOfAMissedSlotIsOver) {
  PolicyKit kit;
  kit.init();
  kit.run();  // at 02:00, when it is due
  const policy::Policy policy = kit.policy();
  Environment other = kit.environment();
  other.identity.hostname = "watcher";
  other.state_directory = kit / "watcher-state";
  other.cache_directory = kit / "watcher-cache";
  const auto verdict = [&](const WatchOptions& options) {
    return watch_policy(policy, options, other, StopToken()).verdict;
  };
  EXPECT_EQ(verdict({}), Verdict::ok);
  // The next is due 24 hours later and has 6 hours to be made.
  kit.clock().advance(std::chrono::hours(30) - std::chrono::seconds(1));
  EXPECT_EQ(verdict({}), Verdict::ok);
  kit.clock().advance(std::chrono::seconds(1));
  EXPECT_EQ(verdict({}), Verdict::failed);
  WatchOptions patient;
  patient.max_age = std::chrono::hours(31);
  EXPECT_EQ(verdict(patient), Verdict::ok);
  kit.run();
  EXPECT_EQ(verdict({}), Verdict::ok);
  WatchOptions elsewhere;
  elsewhere.host = "another";
  EXPECT_EQ(verdict(elsewhere), Verdict::failed);
  // Nothing of the watched machine was used or touched.
  EXPECT_FALSE(std::filesystem::exists(kit / "watcher-state/journal.sqlite"));
}

}  // namespace
}  // namespace hikae::testing
