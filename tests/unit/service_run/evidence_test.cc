// SPDX-License-Identifier: Apache-2.0
#include "service/evidence.h"

#include <gtest/gtest.h>

#include "support/memory_repository.h"
#include "support/service_environment.h"

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

StoredEvidence stored(const std::string& name, Instant finished, const std::string& job = "check") {
  Evidence evidence = check(0);
  evidence.slot.job = job;
  evidence.finished = finished;
  return {name, evidence};
}

TEST(EvidenceRemoval, TakesWhatIsOldAndNotAmongTheNewest) {
  constexpr std::chrono::hours kDay{24};
  const Instant now = at(0);
  std::vector<StoredEvidence> all;
  // 19 young ones and, before the limit, one that is of the newest twenty and two that are not.
  for (int i = 1; i < 20; ++i) all.push_back(stored("young", now - i * kDay));
  all.push_back(stored("twentieth", now - 401 * kDay));
  all.push_back(stored("newer", now - 402 * kDay));
  all.push_back(stored("oldest", now - 900 * kDay));
  all.push_back(stored("only drill", now - 2000 * kDay, "drill"));
  const auto plan = plan_evidence_removal(all, 400 * kDay, now);
  ASSERT_EQ(plan.size(), 2U);
  EXPECT_EQ(plan[0].name, "oldest");
  EXPECT_EQ(plan[1].name, "newer");
  EXPECT_TRUE(plan_evidence_removal(all, 3000 * kDay, now).empty());
}

TEST(EvidenceRemoval, KeepsAllThatIsYoungHoweverMany) {
  std::vector<StoredEvidence> all;
  for (int i = 0; i < 100; ++i) all.push_back(stored("young", at(-i)));
  EXPECT_TRUE(plan_evidence_removal(all, std::chrono::hours(24 * 400), at(0)).empty());
}

// Thirty checks of two years ago of this policy, one of another host and one of another policy.
class LeaveEvidence : public ::testing::Test {
 protected:
  LeaveEvidence() : policy_(machine_.policy({"nas"})) {
    machine_.clock.set(at(0));
    for (int i = 0; i < 30; ++i) save(-24 * 700 - i, "files01", policy_.name);
    save(-24 * 700, "other host", policy_.name);
    save(-24 * 700, "files01", "other policy");
  }
  void save(int hour, const std::string& host, const std::string& policy) {
    Evidence evidence = check(hour, Verdict::ok, policy);
    evidence.host = host;
    save_evidence(*repository_, evidence, StopToken());
  }
  void leave() {
    leave_evidence(*repository_,
                   policy_,
                   policy_.destinations.front(),
                   check(0, Verdict::ok, policy_.name),
                   machine_.environment("files01"),
                   StopToken());
  }
  std::size_t count() { return repository_.count(FileType::evidence); }

  ServiceMachine machine_;
  policy::Policy policy_;
  MemoryRepository repository_;
};

TEST_F(LeaveEvidence, RemovesOldOnesOfItsOwnAndSaysWhich) {
  leave();
  EXPECT_EQ(count(), 22U) << "twenty of ours, and the two of others";
  ASSERT_EQ(machine_.log.messages().size(), 11U);
  EXPECT_EQ(machine_.log.messages().front().key, "service_watch.evidence_removed");
  EXPECT_EQ(find_good_evidence(*repository_, policy_.name, "check", StopToken())->slot.scheduled,
            at(0));
  leave();
  EXPECT_EQ(machine_.log.messages().size(), 12U) << "one came, one went";
}

TEST_F(LeaveEvidence, RemovesNothingWhereThisHostMayNotDelete) {
  policy_.destinations.front().may_delete = false;
  leave();
  EXPECT_EQ(count(), 33U);
  EXPECT_TRUE(machine_.log.messages().empty());
}

TEST_F(LeaveEvidence, IsSilentWhereTheServerIsAppendOnly) {
  Fault refusal;
  refusal.call = Call::remove;
  refusal.code = ErrorCode::permission;
  refusal.lasting = Fault::Lasting::from_then_on;
  repository_.faults().add(refusal);
  leave();
  EXPECT_EQ(count(), 33U);
  EXPECT_TRUE(machine_.log.messages().empty());
}

}  // namespace
}  // namespace hikae::testing
