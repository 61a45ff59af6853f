// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "support.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

SlotRecord slot_at(std::int64_t seconds,
                   SlotState state,
                   const std::string& group = "",
                   const std::string& job = "backup") {
  SlotRecord slot;
  slot.id = {job, group, at(seconds)};
  slot.state = state;
  return slot;
}

class SlotLedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> open() { return Journal::open(state_, clock_, log_); }

  testing::TempDir folder_;
  std::string state_ = folder_ / "state";
  testing::FakeClock clock_{at(1'000'000)};
  testing::CollectingLog log_;
};

TEST_F(SlotLedgerTest, KeepsEverythingOfASlot) {
  SlotRecord slot = slot_at(500, SlotState::failed);
  slot.attempts = 3;
  slot.first_try = at(501);
  slot.next_try = at(777);
  slot.repeat = {"fileshare", "etc"};
  slot.next_step = "Mount it.";
  slot.settled = at(600);
  slot.verdict = Verdict::partial;
  slot.acknowledged = at(700);
  slot.reminded = at(650);
  open()->slots().save("company", {slot});
  const auto journal = open();
  EXPECT_EQ(journal->slots().find("company", slot.id), slot);
  EXPECT_EQ(journal->slots().find("another", slot.id), std::nullopt);
}

TEST_F(SlotLedgerTest, AGroupKeepsItsBeginning) {
  const auto journal = open();
  EXPECT_FALSE(journal->slots().knows("company"));
  journal->slots().begin_group("company", "backup", "", at(100));
  journal->slots().begin_group("company", "backup", "", at(200));
  EXPECT_TRUE(journal->slots().knows("company"));
  EXPECT_FALSE(journal->slots().knows("another"));
  EXPECT_EQ(journal->slots().since("company", "backup", ""), at(100));
  EXPECT_EQ(journal->slots().since("company", "check", ""), std::nullopt);
}

TEST_F(SlotLedgerTest, FindsTheNewestOfAGroupUntilAMoment) {
  const auto journal = open();
  journal->slots().save("company",
                        {slot_at(100, SlotState::done),
                         slot_at(200, SlotState::failed),
                         slot_at(900, SlotState::done),
                         slot_at(300, SlotState::done, "hourly"),
                         slot_at(300, SlotState::done, "", "check")});
  EXPECT_EQ(journal->slots().newest("company", "backup", "", at(500))->id.scheduled, at(200));
  EXPECT_EQ(journal->slots().newest("company", "backup", "hourly", at(500))->id.scheduled, at(300));
  EXPECT_EQ(journal->slots().newest("company", "backup", "", at(99)), std::nullopt);
}

TEST_F(SlotLedgerTest, ASavedSlotReplacesItself) {
  const auto journal = open();
  journal->slots().save("company", {slot_at(100, SlotState::due)});
  journal->slots().save("company", {slot_at(100, SlotState::done)});
  EXPECT_THAT(journal->slots().slots("company", 10), ElementsAre(slot_at(100, SlotState::done)));
}

TEST_F(SlotLedgerTest, TellsWhatIsOpenAndWhatNobodyAcknowledged) {
  const auto journal = open();
  SlotRecord known = slot_at(400, SlotState::failed);
  known.acknowledged = at(500);
  journal->slots().save("company",
                        {slot_at(300, SlotState::running),
                         slot_at(100, SlotState::due),
                         slot_at(200, SlotState::done),
                         known,
                         slot_at(600, SlotState::missed),
                         slot_at(550, SlotState::failed)});
  EXPECT_THAT(journal->slots().open_slots("company"),
              ElementsAre(slot_at(100, SlotState::due), slot_at(300, SlotState::running)));
  EXPECT_THAT(journal->slots().unacknowledged("company"),
              ElementsAre(slot_at(550, SlotState::failed), slot_at(600, SlotState::missed)));
  EXPECT_THAT(journal->slots().open_slots("another"), IsEmpty());
}

TEST_F(SlotLedgerTest, DropsWhatAWrongClockMadeButTheNewest) {
  const auto journal = open();
  journal->slots().save("company",
                        {slot_at(100, SlotState::done),
                         slot_at(500, SlotState::coalesced),
                         slot_at(600, SlotState::done),
                         slot_at(550, SlotState::done, "", "check")});
  journal->slots().drop_future("company", at(200));
  EXPECT_THAT(journal->slots().slots("company", 10),
              ElementsAre(slot_at(600, SlotState::done),
                          slot_at(550, SlotState::done, "", "check"),
                          slot_at(100, SlotState::done)));
}

TEST_F(SlotLedgerTest, FindsTheRunsOfASlot) {
  const auto journal = open();
  const SlotId slot{"backup", "", at(100)};
  const std::string second = journal->begin_run("company", slot, at(300));
  const std::string first = journal->begin_run("company", slot, at(200));
  journal->begin_run("company", {"backup", "manual", at(100)}, at(250));
  const auto runs = journal->runs_of("company", slot);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].id, first);
  EXPECT_EQ(runs[1].id, second);
}

}  // namespace
}  // namespace hikae
