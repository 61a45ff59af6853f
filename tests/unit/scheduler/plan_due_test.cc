// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "support.h"

namespace hikae {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MemoryLedger;
using testing::policy_of;
using ::testing::SizeIs;

// Noon of 2026-11-23 in UTC; slots are at 02:00.
const Instant kNoon = Instant(std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}) + hours(12);
const Instant kSlot = kNoon + hours(14);

class PlanDueTest : public ::testing::Test {
 protected:
  SlotRecord tried(int attempts, SlotState state) const {
    SlotRecord slot;
    slot.id = {"backup", "", kSlot};
    slot.state = state;
    slot.attempts = attempts;
    slot.first_try = kSlot;
    return slot;
  }

  policy::Policy policy_ = policy_of("UTC", "daily 02:00");
  MemoryLedger ledger_{policy_, kNoon};
};

TEST_F(PlanDueTest, NothingBeforeTheInstallation) {
  const DuePlan plan = ledger_.plan(kNoon);
  EXPECT_THAT(plan.jobs, IsEmpty());
  EXPECT_EQ(plan.next, kSlot);
}

TEST_F(PlanDueTest, ASlotIsDueAtItsInstant) {
  EXPECT_THAT(ledger_.plan(kSlot - std::chrono::nanoseconds(1)).jobs, IsEmpty());
  const DuePlan plan = ledger_.plan(kSlot);
  ASSERT_THAT(plan.jobs, SizeIs(1));
  EXPECT_EQ(plan.jobs[0].reason, DueJob::Reason::scheduled);
  EXPECT_EQ(plan.jobs[0].number, 1);
}

TEST_F(PlanDueTest, AKilledTryIsMadeAgainAtOnce) {
  ledger_.save(tried(1, SlotState::running));
  const DuePlan plan = ledger_.plan(kSlot + minutes(1));
  ASSERT_THAT(plan.jobs, SizeIs(1));
  EXPECT_EQ(plan.jobs[0].reason, DueJob::Reason::killed);
  EXPECT_EQ(plan.jobs[0].number, 2);
}

TEST_F(PlanDueTest, AFailedTryWaitsAndRepeatsOnlyWhatFailed) {
  policy::Source second = policy_.sources[0];
  second.name = "etc";
  policy_.sources.push_back(second);
  MemoryLedger ledger(policy_, kNoon);
  SlotRecord slot = tried(1, SlotState::due);
  slot.next_try = kSlot + minutes(10);
  slot.repeat = {"etc"};
  ledger.save(slot);
  const DuePlan early = ledger.plan(kSlot + minutes(9));
  EXPECT_THAT(early.jobs, IsEmpty());
  EXPECT_EQ(early.next, kSlot + minutes(10));
  const DuePlan plan = ledger.plan(kSlot + minutes(10));
  ASSERT_THAT(plan.jobs, SizeIs(1));
  EXPECT_THAT(plan.jobs[0].sources, ElementsAre("etc"));
  EXPECT_THAT(plan.jobs[0].slot_sources, ElementsAre("work", "etc"));
}

TEST_F(PlanDueTest, TriesEndWithTheirNumberAndWithTheWindow) {
  ledger_.save(tried(3, SlotState::running));
  EXPECT_THAT(ledger_.plan(kSlot + minutes(1)).failed, SizeIs(1));
  ledger_.save(tried(1, SlotState::running));
  EXPECT_THAT(ledger_.plan(kSlot + hours(7)).failed, SizeIs(1));
  EXPECT_THAT(ledger_.plan(kSlot + hours(7)).jobs, IsEmpty());
}

TEST_F(PlanDueTest, ANewerSlotTellsOfTheFailureOfAnOlderOne) {
  SlotRecord slot = tried(1, SlotState::due);
  slot.next_try = kSlot + hours(25);
  ledger_.save(slot);
  const DuePlan plan = ledger_.plan(kSlot + hours(24));
  ASSERT_THAT(plan.failed, SizeIs(1));
  EXPECT_EQ(plan.failed[0].state, SlotState::failed);
  EXPECT_THAT(plan.jobs, SizeIs(1));
}

TEST_F(PlanDueTest, WhatIsOlderThanCatchUpIsMissed) {
  policy_.schedule.catch_up = hours(12);
  MemoryLedger ledger(policy_, kNoon);
  const DuePlan plan = ledger.plan(kSlot + hours(24 * 2 + 13));
  EXPECT_THAT(plan.jobs, IsEmpty());
  EXPECT_THAT(plan.missed, SizeIs(3));
}

TEST_F(PlanDueTest, SourcesDueAtOneInstantFormOneSlot) {
  policy::Source second = policy_.sources[0];
  second.name = "etc";
  second.schedule = policy::SourceSchedule{"hourly"};
  policy_.sources.push_back(second);
  MemoryLedger ledger(policy_, kSlot - minutes(30));
  const DuePlan plan = ledger.plan(kSlot);
  ASSERT_THAT(plan.jobs, SizeIs(1));
  EXPECT_THAT(plan.jobs[0].sources, ElementsAre("work", "etc"));
  EXPECT_THAT(plan.jobs[0].slots, SizeIs(2));
  EXPECT_EQ(plan.jobs[0].id().group, "");
}

TEST_F(PlanDueTest, TheWaitDoublesAndStaysInTheWindow) {
  SlotRecord slot = tried(1, SlotState::running);
  EXPECT_EQ(next_try(policy_, slot, kSlot), kSlot + minutes(10));
  slot.attempts = 2;
  EXPECT_EQ(next_try(policy_, slot, kSlot + minutes(11)), kSlot + minutes(31));
  slot.attempts = 3;
  EXPECT_EQ(next_try(policy_, slot, kSlot + minutes(40)), std::nullopt);
  slot.attempts = 1;
  EXPECT_EQ(next_try(policy_, slot, kSlot + hours(6)), std::nullopt);
}

TEST_F(PlanDueTest, ATimeThatAWrongClockWroteIsNotWaitedFor) {
  SlotRecord slot = tried(1, SlotState::due);
  slot.next_try = kSlot + hours(24 * 400);
  ledger_.save(slot);
  EXPECT_THAT(ledger_.plan(kSlot + minutes(1)).jobs, SizeIs(1));
}

}  // namespace
}  // namespace hikae
