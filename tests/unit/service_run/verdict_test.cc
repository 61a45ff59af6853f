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

TEST(Verdict, BecomesTheExitCode) {
  EXPECT_EQ(exit_code(Verdict::ok), 0);
  EXPECT_EQ(exit_code(Verdict::warning), 0);
  EXPECT_EQ(exit_code(Verdict::partial), 3);
  EXPECT_EQ(exit_code(Verdict::failed), 1);
}

}  // namespace
}  // namespace hikae
