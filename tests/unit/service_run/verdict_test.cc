// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "service/run.h"

namespace hikae {
namespace {

RunOutcome good(const std::string& source, const std::string& destination) {
  RunOutcome outcome;
  outcome.source = source;
  outcome.destination = destination;
  outcome.snapshot = SnapshotId{};
  outcome.read_back = true;
  outcome.verdict = judge(outcome);
  return outcome;
}

RunOutcome bad(const std::string& source, const std::string& destination) {
  RunOutcome outcome = good(source, destination);
  outcome.failure = Error(ErrorCode::io, text("x"));
  outcome.verdict = judge(outcome);
  return outcome;
}

RunReport report_of(std::vector<RunOutcome> outcomes) {
  RunReport report;
  for (const RunOutcome& outcome : outcomes) {
    SourceOutcome source;
    source.source = outcome.source;
    report.sources.push_back(source);
  }
  report.outcomes = std::move(outcomes);
  return report;
}

TEST(Verdict, OfOneGenerationFollowsFromFacts) {
  RunOutcome outcome = good("s", "d");
  EXPECT_EQ(judge(outcome), Verdict::ok);
  outcome.changed = 1;
  EXPECT_EQ(judge(outcome), Verdict::warning);
  outcome.unreadable = 1;
  EXPECT_EQ(judge(outcome), Verdict::partial);
  outcome.read_back = false;
  EXPECT_EQ(judge(outcome), Verdict::failed);
}

TEST(Verdict, OfARunIsPartialWhileEverySourceIsSomewhere) {
  EXPECT_EQ(judge(report_of({good("a", "x"), good("a", "y")})), Verdict::ok);
  EXPECT_EQ(judge(report_of({good("a", "x"), bad("a", "y")})), Verdict::partial);
  EXPECT_EQ(judge(report_of({bad("a", "x"), bad("a", "y")})), Verdict::failed);
  EXPECT_EQ(judge(report_of({good("a", "x"), bad("b", "x")})), Verdict::failed);
  EXPECT_EQ(judge(report_of({})), Verdict::failed);
}

TEST(Verdict, ARunThatCouldNotDeleteWarns) {
  RunReport report = report_of({good("a", "x")});
  report.frozen.push_back(text("x"));
  EXPECT_EQ(judge(report), Verdict::warning);
}

TEST(Verdict, OfADestinationThatIsStillBeingFilledIsAWarning) {
  RunOutcome filling = good("a", "y");
  filling.snapshot.reset();
  filling.read_back = false;
  filling.filling = Filling{1, 2, {}};
  filling.verdict = judge(filling);
  EXPECT_EQ(filling.verdict, Verdict::warning);
  EXPECT_EQ(judge(report_of({good("a", "x"), filling})), Verdict::warning);
  EXPECT_EQ(judge(report_of({bad("a", "x"), filling})), Verdict::failed)
      << "a share of a generation protects nothing";
}

TEST(ProtectionTimes, AreThoseOfTheFirstAndOfTheLastDestination) {
  using std::chrono::seconds;
  RunReport report = report_of({good("a", "x"), good("a", "y"), good("b", "x"), good("b", "y")});
  for (std::size_t i = 0; i < 4; ++i)
    report.outcomes[i].sealed = report.started + seconds(10 * (i + 1));
  EXPECT_EQ(protection_times(report).first, seconds(30)) << "b was first safe in x, after a";
  EXPECT_EQ(protection_times(report).all, seconds(40));
  report.outcomes[3].sealed.reset();
  EXPECT_EQ(protection_times(report).first, seconds(30));
  EXPECT_FALSE(protection_times(report).all);
  report.outcomes[2].sealed.reset();
  EXPECT_FALSE(protection_times(report).first);
}

TEST(ExpectCompletion, CountsTheRunsThatAreStillNeeded) {
  const policy::Schedule daily = policy::parse_schedule("daily 02:00", policy::TimeZone::utc());
  const Instant day = Instant(std::chrono::hours(24 * 20'000));
  const Instant noon = day + std::chrono::hours(12);
  EXPECT_EQ(expect_completion(0, 10, daily, noon), noon);
  EXPECT_EQ(expect_completion(10, 10, daily, noon), day + std::chrono::hours(24 + 2));
  EXPECT_EQ(expect_completion(25, 10, daily, noon), day + std::chrono::hours(3 * 24 + 2));
  EXPECT_FALSE(expect_completion(25, 0, daily, noon));
  EXPECT_FALSE(expect_completion(std::uint64_t{1} << 50, 1, daily, noon));
}

TEST(Verdict, BecomesTheExitCode) {
  EXPECT_EQ(exit_code(Verdict::ok), 0);
  EXPECT_EQ(exit_code(Verdict::warning), 0);
  EXPECT_EQ(exit_code(Verdict::partial), 3);
  EXPECT_EQ(exit_code(Verdict::failed), 1);
}

}  // namespace
}  // namespace hikae
