// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "health/status.h"

namespace hikae {
namespace {

Instant at(std::int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}

SourceFacts good() {
  SourceFacts facts;
  facts.destination_readable = true;
  facts.newest = at(100);
  facts.due = at(100);
  return facts;
}

TEST(StatusVerdict, OfASourceFollowsFromItsFacts) {
  EXPECT_EQ(judge(good()), Verdict::ok);
  EXPECT_EQ(judge(SourceFacts{}), Verdict::failed);

  SourceFacts facts = good();
  facts.destination_readable = false;
  EXPECT_EQ(judge(facts), Verdict::failed);

  facts = good();
  facts.newest.reset();
  EXPECT_EQ(judge(facts), Verdict::failed);

  facts = good();
  facts.due = at(101);
  EXPECT_TRUE(is_overdue(facts));
  EXPECT_EQ(judge(facts), Verdict::failed);

  facts.due.reset();  // no schedule: never overdue
  EXPECT_EQ(judge(facts), Verdict::ok);

  facts = good();
  facts.unreadable = 1;
  EXPECT_EQ(judge(facts), Verdict::partial);

  facts = good();
  facts.last_run_failed = true;
  EXPECT_EQ(judge(facts), Verdict::failed);
  facts.is_tried_again = true;
  EXPECT_EQ(judge(facts), Verdict::warning);

  facts = good();
  facts.has_future_snapshot = true;
  EXPECT_EQ(judge(facts), Verdict::warning);
}

TEST(StatusVerdict, OfADestinationThatIsBeingFilledIsAWarningWhileItGetsOn) {
  SourceFacts facts = good();
  facts.newest.reset();
  facts.filling = KeptFilling{{30, 100, at(500)}, at(100)};
  EXPECT_TRUE(is_being_filled(facts));
  EXPECT_EQ(judge(facts), Verdict::warning);
  facts.newest = at(50);  // an older generation is there
  EXPECT_EQ(judge(facts), Verdict::warning);

  SourceFacts stuck = facts;
  stuck.due = at(101);  // nothing has been sent since
  EXPECT_FALSE(is_being_filled(stuck));
  EXPECT_EQ(judge(stuck), Verdict::failed);
  SourceFacts broken = facts;
  broken.last_run_failed = true;
  EXPECT_EQ(judge(broken), Verdict::failed);
  SourceFacts away = facts;
  away.destination_readable = false;
  EXPECT_EQ(judge(away), Verdict::failed);
  SourceFacts complete = facts;
  complete.newest = at(100);
  EXPECT_FALSE(is_being_filled(complete));
  EXPECT_EQ(judge(complete), Verdict::ok);
}

TEST(Filling, NeverLooksComplete) {
  EXPECT_EQ(percent_of({0, 0, std::nullopt}), 0U);
  EXPECT_EQ(percent_of({30, 100, std::nullopt}), 30U);
  EXPECT_EQ(percent_of({999'999'999, 1'000'000'000, std::nullopt}), 99U);
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 62U;
  EXPECT_EQ(percent_of({kHuge / 2, kHuge, std::nullopt}), 50U);
}

SourceStatus status(const std::string& source, const std::string& destination, Verdict verdict) {
  SourceStatus status;
  status.source = source;
  status.destination = destination;
  status.verdict = verdict;
  return status;
}

StatusReport report(std::vector<SourceStatus> sources) {
  StatusReport report;
  report.sources = std::move(sources);
  report.recovery_kit_confirmed = at(1);
  return report;
}

TEST(StatusVerdict, OfTheWholeIsFailedOnlyWhereNoDestinationHasAGoodGeneration) {
  EXPECT_EQ(judge(report({status("a", "x", Verdict::ok), status("a", "y", Verdict::ok)})),
            Verdict::ok);
  EXPECT_EQ(judge(report({status("a", "x", Verdict::ok), status("a", "y", Verdict::failed)})),
            Verdict::partial);
  EXPECT_EQ(judge(report({status("a", "x", Verdict::failed), status("a", "y", Verdict::failed)})),
            Verdict::failed);
  EXPECT_EQ(judge(report({status("a", "x", Verdict::ok),
                          status("b", "x", Verdict::failed),
                          status("b", "y", Verdict::failed)})),
            Verdict::failed);
  EXPECT_EQ(judge(report({status("a", "x", Verdict::partial)})), Verdict::partial);
  // What is still on its way is good nowhere yet.
  SourceStatus filling = status("a", "y", Verdict::warning);
  filling.filling = Filling{1, 2, std::nullopt};
  EXPECT_EQ(judge(report({status("a", "x", Verdict::ok), filling})), Verdict::warning);
  EXPECT_EQ(judge(report({status("a", "x", Verdict::failed), filling})), Verdict::failed);
  EXPECT_EQ(judge(report({})), Verdict::failed);
}

TEST(Protection, TellsWhenTheNewestGenerationWasSafeFirstAndEverywhere) {
  const auto at = [](int seconds) { return Instant(std::chrono::seconds(seconds)); };
  const auto status =
      [&](const char* source, std::optional<int> newest, std::optional<int> sealed) {
        SourceStatus made;
        made.source = source;
        if (newest) made.newest = at(*newest);
        if (sealed) made.sealed = at(*sealed);
        return made;
      };
  const auto found = find_protection({status("all", 100, 130),
                                      status("all", 100, 120),
                                      status("behind", 100, 120),
                                      status("behind", 50, 60),
                                      status("unknown", 100, 120),
                                      status("unknown", 100, std::nullopt),
                                      status("away", 100, 120),
                                      status("away", std::nullopt, std::nullopt),
                                      status("none", std::nullopt, std::nullopt)});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].protected_at, at(120));
  EXPECT_EQ(found[0].completed_at, at(130));
  for (std::size_t i = 1; i < found.size(); ++i) {
    EXPECT_EQ(found[i].generation, at(100)) << found[i].source;
    EXPECT_EQ(found[i].protected_at, at(120)) << found[i].source;
    EXPECT_EQ(found[i].completed_at, std::nullopt) << found[i].source;
  }
}

TEST(StatusVerdict, WarnsUntilTheRecoveryKitIsConfirmed) {
  StatusReport whole = report({status("a", "x", Verdict::ok)});
  whole.recovery_kit_confirmed.reset();
  EXPECT_EQ(judge(whole), Verdict::warning);
  EXPECT_EQ(exit_code(judge(whole)), 0);
}

TEST(StatusVerdict, WarnsOfDamagedSnapshots) {
  StatusReport whole = report({status("a", "x", Verdict::ok)});
  whole.destinations.resize(1);
  whole.destinations[0].damaged_snapshots = 1;
  EXPECT_EQ(judge(whole), Verdict::warning);
}

}  // namespace
}  // namespace hikae
