// SPDX-License-Identifier: Apache-2.0
#include "logs/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hikae::logs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Instant day(int number) {
  return Instant(std::chrono::hours(24) * (20000 + number));
}

// A log of good daily runs, with one snapshot in each of two destinations.
class Days {
 public:
  explicit Days(int count) {
    facts.policy = "company";
    for (int i = 0; i < count; ++i) add_day(i);
  }

  static std::string run(int number) { return "run" + std::to_string(number); }

  Line& add(int number, std::string_view event) {
    Line& line = facts.lines.emplace_back();
    line.time = day(number);
    line.event = event;
    line.event_class = "run";
    line.policy = "company";
    line.job = "backup";
    line.slot = day(number);
    line.run = run(number);
    return line;
  }

  void add_day(int number) {
    add(number, kRunStarted);
    for (const char* destination : {"nas", "s3"}) {
      Line& line = add(number, kGeneration);
      line.source = "work";
      line.destination = destination;
      line.verdict = "ok";
      line.read_back = true;
      line.snapshot = std::string("snapshot") + std::to_string(number);
      line.numbers = {{"files", 100}, {"bytes", 1000}};
      facts.stored[destination].insert(line.snapshot);
    }
    add(number, kRunFinished).verdict = "ok";
    facts.slots.push_back({"backup", "", day(number), LedgerSlot::State::tried});
  }

  Line& line(int number, std::string_view event) {
    for (Line& line : facts.lines) {
      if (line.run == run(number) && line.event == event) return line;
    }
    throw std::runtime_error("no such line");
  }
  void remove(int number, std::string_view event) {
    std::erase_if(facts.lines,
                  [&](const Line& line) { return line.run == run(number) && line.event == event; });
  }
  std::vector<std::string> rules() const {
    std::vector<std::string> rules;
    for (const Finding& finding : validate(facts).findings) rules.push_back(finding.rule);
    return rules;
  }

  ValidationFacts facts;
};

TEST(Validate, AGoodLogHasNothingToFind) {
  const Days days(3);
  const Validation validation = validate(days.facts);
  EXPECT_THAT(validation.findings, IsEmpty());
  EXPECT_EQ(validation.verdict, Verdict::ok);
  EXPECT_EQ(validation.runs, 3);
  EXPECT_EQ(validation.slots, 3);
  EXPECT_EQ(validation.snapshots, 6);
}

TEST(Validate, EachDueSlotHasAStartAndAnEnd) {
  Days days(3);
  days.remove(1, kRunFinished);
  EXPECT_THAT(days.rules(), ElementsAre("no_end"));
  // A run that somebody stopped has ended, and one that works need not have.
  days.add(1, kRunStopped);
  EXPECT_THAT(days.rules(), IsEmpty());
  days.remove(1, kRunStopped);
  days.facts.working = {Days::run(1)};
  EXPECT_THAT(days.rules(), IsEmpty());
  std::erase_if(days.facts.lines, [](const Line& line) { return line.run == Days::run(2); });
  EXPECT_THAT(days.rules(), ElementsAre("no_start"));
  days.facts.slots[2].state = LedgerSlot::State::missed;
  EXPECT_THAT(days.rules(), ElementsAre("missed"));
}

TEST(Validate, EveryClaimedSnapshotIsStillThereOrWasDeletedOnPurpose) {
  Days days(3);
  days.facts.stored["nas"].erase("snapshot0");
  EXPECT_THAT(days.rules(), ElementsAre("snapshot_missing"));
  EXPECT_EQ(validate(days.facts).verdict, Verdict::failed);
  days.facts.removed.emplace("s3", "snapshot0");  // elsewhere: no excuse
  EXPECT_THAT(days.rules(), ElementsAre("snapshot_missing"));
  days.facts.removed.emplace("nas", "snapshot0");
  EXPECT_THAT(days.rules(), IsEmpty());
  days.facts.removed.clear();
  Line& gone = days.add(2, kRemoved);
  gone.destination = "nas";
  gone.snapshot = "snapshot0";
  EXPECT_THAT(days.rules(), IsEmpty());
  // A destination that could not be listed proves nothing, either way.
  days.facts.lines.pop_back();
  days.facts.stored.erase("nas");
  EXPECT_THAT(days.rules(), IsEmpty());
  EXPECT_EQ(validate(days.facts).snapshots, 3);
}

TEST(Validate, AnErrorWithoutAClassIsFound) {
  Days days(2);
  Line& line = days.add(1, "cli.unexpected");
  line.severity = LogLevel::error;
  line.event_class = "message";
  EXPECT_THAT(days.rules(), ElementsAre("unclassified_error"));
  days.facts.lines.back().event_class = "no_space";
  EXPECT_THAT(days.rules(), IsEmpty());
}

TEST(Validate, AGoodVerdictOverABadPartIsFound) {
  Days days(2);
  days.line(1, kGeneration).verdict = "failed";
  EXPECT_THAT(days.rules(), ElementsAre("verdict_too_good"));
  days.line(1, kRunFinished).verdict = "partial";
  EXPECT_THAT(days.rules(), IsEmpty());
}

TEST(Validate, AGenerationOfAFailedDumpIsFound) {
  Days days(1);
  Line& source = days.add(0, kSource);
  source.source = "work";
  source.severity = LogLevel::error;
  source.event_class = "io";
  EXPECT_THAT(days.rules(), ElementsAre("dump_incomplete", "dump_incomplete"));
}

TEST(Validate, NumbersOutsideTheBandAreAWarning) {
  Days days(2);
  for (Line& line : days.facts.lines) {
    if (line.run == Days::run(1) && line.event == kGeneration) line.numbers["bytes"] = 600;
  }
  EXPECT_THAT(days.rules(), IsEmpty());  // without limits
  days.facts.band.max_shrink = 40;
  EXPECT_THAT(days.rules(), IsEmpty());
  days.facts.band.max_shrink = 39;
  EXPECT_THAT(days.rules(), ElementsAre("out_of_band"));
  EXPECT_EQ(validate(days.facts).verdict, Verdict::warning);
}

TEST(Validate, OnlyOneRunIsJudgedWhenAsked) {
  Days days(3);
  days.remove(0, kRunFinished);
  days.remove(2, kRunFinished);
  days.facts.only_run = Days::run(2);
  days.facts.working = {Days::run(2)};
  days.facts.slots.push_back({"backup", "", day(9), LedgerSlot::State::tried});
  EXPECT_THAT(days.rules(), IsEmpty());
  days.remove(2, kRunStarted);
  EXPECT_THAT(days.rules(), ElementsAre("no_start"));
}

TEST(FindAnomaly, HoldsAtItsLimits) {
  const Band band{30, 200};
  EXPECT_FALSE(find_anomaly("s", {10, 1000}, {10, 700}, band));
  EXPECT_EQ(find_anomaly("s", {10, 1000}, {10, 699}, band)->key, "logs.bytes_shrank");
  EXPECT_FALSE(find_anomaly("s", {10, 1000}, {10, 3000}, band));
  EXPECT_EQ(find_anomaly("s", {10, 1000}, {10, 3001}, band)->key, "logs.bytes_grew");
  EXPECT_EQ(find_anomaly("s", {10, 1000}, {6, 1000}, band)->key, "logs.files_shrank");
  EXPECT_EQ(find_anomaly("s", {10, 1000}, {31, 1000}, band)->key, "logs.files_grew");
  EXPECT_FALSE(find_anomaly("s", {0, 0}, {1'000'000, 1'000'000}, band));
  EXPECT_TRUE(find_anomaly("s", {10, 1000}, {0, 0}, {100, {}}) == std::nullopt);
}

}  // namespace
}  // namespace hikae::logs
