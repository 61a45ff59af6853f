// SPDX-License-Identifier: Apache-2.0
#include "service/evidence.h"

#include <gtest/gtest.h>

#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

Instant at(int hour) {
  return Instant(std::chrono::hours(490'000 + hour));
}

Evidence check(int hour, Verdict verdict = Verdict::ok, const std::string& policy = "office") {
  return {policy,
          "files01",
          "0f1e2d3c4b5a6978",
          {"check", "", at(hour)},
          at(hour) + std::chrono::minutes(7),
          verdict,
          "nas: \"whole\""};
}

TEST(Evidence, IsFoundAsItWasLeft) {
  MemoryRepository repository;
  EXPECT_FALSE(find_good_evidence(*repository, "office", "check", StopToken()));
  save_evidence(*repository, check(1), StopToken());
  const auto found = find_good_evidence(*repository, "office", "check", StopToken());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->policy, "office");
  EXPECT_EQ(found->host, "files01");
  EXPECT_EQ(found->run, "0f1e2d3c4b5a6978");
  EXPECT_EQ(found->slot, (SlotId{"check", "", at(1)}));
  EXPECT_EQ(found->finished, at(1) + std::chrono::minutes(7));
  EXPECT_EQ(found->verdict, Verdict::ok);
  EXPECT_EQ(found->summary, "nas: \"whole\"");
  EXPECT_FALSE(find_good_evidence(*repository, "other", "check", StopToken()));
  EXPECT_FALSE(find_good_evidence(*repository, "office", "drill", StopToken()));
}

TEST(Evidence, OnlyWhatWentWellCountsAndTheNewestOfThat) {
  MemoryRepository repository;
  save_evidence(*repository, check(1), StopToken());
  save_evidence(*repository, check(2, Verdict::warning), StopToken());
  save_evidence(*repository, check(3, Verdict::failed), StopToken());
  save_evidence(*repository, check(4, Verdict::partial), StopToken());
  save_evidence(*repository, check(5, Verdict::ok, "other"), StopToken());
  const auto found = find_good_evidence(*repository, "office", "check", StopToken());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->slot.scheduled, at(2));
}

TEST(Evidence, WhatIsDamagedOrStrangeIsPassedOver) {
  MemoryRepository repository;
  save_evidence(*repository, check(1), StopToken());
  for (const char* strange : {"[]",
                              "{}",
                              R"({"job":"check","policy":"office","finished":"soon"})",
                              R"({"job":"check","policy":"office","verdict":"ok"})"})
    repository->save_unpacked(FileType::evidence, strange, StopToken());
  const Bytes rubbish(100, std::uint8_t{7});
  repository->backend().save({FileType::evidence, std::string(64, 'a')}, rubbish, StopToken());
  const auto found = find_good_evidence(*repository, "office", "check", StopToken());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->slot.scheduled, at(1));
  // A word of a later program is no good news.
  MemoryRepository other;
  other->save_unpacked(
      FileType::evidence,
      R"({"job":"check","policy":"office","slot":"2026-11-22T00:00:00Z","finished":"2026-11-22T00:00:00Z","verdict":"splendid"})",
      StopToken());
  EXPECT_FALSE(find_good_evidence(*other, "office", "check", StopToken()));
}

}  // namespace
}  // namespace hikae::testing
