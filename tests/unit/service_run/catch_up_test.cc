// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/filling.h"
#include "support/policy_kit.h"

namespace hikae::testing {
namespace {

namespace fs = std::filesystem;

std::string random_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 2654435761U);
  return text;
}

const RunOutcome& outcome_of(const RunReport& report, const std::string& destination) {
  for (const RunOutcome& outcome : report.outcomes) {
    if (outcome.destination == destination) return outcome;
  }
  throw std::runtime_error("no outcome for " + destination);
}

class CatchUpTest : public ::testing::Test {
 protected:
  CatchUpTest() {
    write_file(kit_ / "files/large", random_text(3'000'000));
    kit_.init();
    RunOptions only_nas;
    only_nas.destinations = {"nas"};
    kit_.run(only_nas);
    kit_.next_day();
  }
  RunReport run_within(std::chrono::seconds window) {
    policy::Policy policy = kit_.policy();
    policy.schedule.window = window;
    RunOptions options;
    options.lock_options.settle = std::chrono::milliseconds(1);
    const Environment environment = kit_.environment();
    const auto journal = kit_.journal();
    return run_policy(policy, options, environment, *journal, {}, StopToken());
  }
  // Of nas, relative to the repository.
  std::string largest_pack() {
    fs::path largest;
    for (const auto& file : fs::recursive_directory_iterator(kit_ / "nas/data")) {
      if (!file.is_regular_file()) continue;
      if (largest.empty() || fs::file_size(largest) < file.file_size()) largest = file.path();
    }
    return largest.string().substr((kit_ / "nas").size());
  }

  PolicyKit kit_;
};

TEST_F(CatchUpTest, BringsTodaysGenerationBeforeEarlierOnes) {
  write_file(kit_ / "files/today", "new");
  const RunReport report = run_within(std::chrono::hours(6));

  EXPECT_EQ(report.verdict, Verdict::ok);
  EXPECT_TRUE(outcome_of(report, "second").caught_up);
  EXPECT_TRUE(outcome_of(report, "second").read_back);
  ASSERT_EQ(report.caught_up.size(), 1);
  EXPECT_EQ(kit_.snapshots("second"), 2);
}

TEST_F(CatchUpTest, OfWholePacksLeavesTheSameFiles) {
  run_within(std::chrono::hours(6));
  const std::string data = largest_pack();
  EXPECT_GT(fs::file_size(kit_ / ("nas" + data)), 1'000'000);
  ASSERT_TRUE(fs::exists(kit_ / ("second" + data)));
  EXPECT_EQ(read_file(kit_ / ("nas" + data)), read_file(kit_ / ("second" + data)));
}

TEST_F(CatchUpTest, ThatTheWindowEndsIsAWarningAndGoesOnNextTime) {
  const RunReport report = run_within(std::chrono::seconds(0));

  const RunOutcome& second = outcome_of(report, "second");
  EXPECT_EQ(second.verdict, Verdict::warning);
  EXPECT_FALSE(second.failure);
  ASSERT_TRUE(second.filling);
  EXPECT_GT(second.filling->bytes_total, 1'000'000);
  EXPECT_LT(second.filling->bytes_done, second.filling->bytes_total);
  EXPECT_EQ(outcome_of(report, "nas").verdict, Verdict::ok);
  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_EQ(exit_code(report.verdict), 0);
  EXPECT_EQ(kit_.snapshots("second"), 0);
  // For status and metrics.
  Fillings kept = load_fillings("kit", *kit_.journal());
  ASSERT_EQ(kept.size(), 1);
  const KeptFilling& one = kept.at({"files", "second"});
  EXPECT_EQ(one.filling.bytes_done, second.filling->bytes_done);
  EXPECT_EQ(one.filling.bytes_total, second.filling->bytes_total);
  EXPECT_EQ(one.filling.expected, second.filling->expected);
  EXPECT_EQ(one.seen, report.finished);

  kit_.next_day();
  EXPECT_EQ(run_within(std::chrono::hours(6)).verdict, Verdict::ok);
  EXPECT_EQ(kit_.snapshots("second"), 3);
  EXPECT_TRUE(load_fillings("kit", *kit_.journal()).empty());
}

TEST_F(CatchUpTest, WhatTheOnlyHolderLostIsReadAgainForBoth) {
  fs::remove(kit_ / ("nas" + largest_pack()));
  const RunReport report = run_within(std::chrono::hours(6));

  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_EQ(report.sources.front().summary->files_unmodified, 0);
  for (const char* destination : {"nas", "second"}) {
    EXPECT_TRUE(outcome_of(report, destination).read_back) << destination;
    EXPECT_EQ(outcome_of(report, destination).verdict, Verdict::ok) << destination;
  }
  ASSERT_EQ(report.frozen.size(), 1);
  EXPECT_EQ(report.frozen.front().key, "service.packs_lost");
  // Nothing had changed, so the earlier generation is whole again and could be copied.
  EXPECT_EQ(kit_.snapshots("second"), 2);
}

TEST_F(CatchUpTest, WhatCannotBeHadInFullIsNotSealed) {
  fs::remove(kit_ / ("nas" + largest_pack()));
  write_file(kit_ / "files/large", "changed meanwhile");
  const RunReport report = run_within(std::chrono::hours(6));

  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_TRUE(outcome_of(report, "second").read_back);
  EXPECT_EQ(kit_.snapshots("second"), 1) << "the earlier one is damaged";
  EXPECT_TRUE(report.caught_up.empty());
  ASSERT_EQ(report.frozen.size(), 2);
  EXPECT_EQ(report.frozen[0].key, "service.packs_lost");
  EXPECT_EQ(report.frozen[1].key, "service.catch_up_failed");
}

TEST_F(CatchUpTest, WhatOneDestinationLostComesFromTheOther) {
  run_within(std::chrono::hours(6));
  const std::string data = largest_pack();
  fs::remove(kit_ / ("second" + data));
  kit_.set_retention("{last: 1}");
  kit_.next_day();
  const RunReport report = run_within(std::chrono::hours(6));

  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_EQ(report.sources.front().summary->files_unmodified, 3) << "the source is not read";
  EXPECT_TRUE(outcome_of(report, "second").read_back);
  EXPECT_TRUE(outcome_of(report, "second").caught_up);
  EXPECT_TRUE(fs::exists(kit_ / ("second" + data)));
  ASSERT_EQ(report.frozen.size(), 1);
  EXPECT_EQ(report.frozen[0].key, "service.packs_lost");
  // Where packs are lost, nothing is dropped.
  EXPECT_EQ(kit_.snapshots("nas"), 1);
  EXPECT_EQ(kit_.snapshots("second"), 3);
}

TEST_F(CatchUpTest, WhatIsCutOffThereIsStoredInAnotherPack) {
  run_within(std::chrono::hours(6));
  const std::string data = largest_pack();
  fs::permissions(kit_ / ("second" + data), fs::perms::owner_all);
  fs::resize_file(kit_ / ("second" + data), 1000);
  kit_.next_day();
  const RunReport report = run_within(std::chrono::hours(6));

  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_EQ(report.sources.front().summary->files_unmodified, 3);
  EXPECT_TRUE(outcome_of(report, "second").read_back);
  EXPECT_EQ(fs::file_size(kit_ / ("second" + data)), 1000) << "its repair belongs to the check";
  EXPECT_EQ(kit_.snapshots("second"), 3);
}

}  // namespace
}  // namespace hikae::testing
