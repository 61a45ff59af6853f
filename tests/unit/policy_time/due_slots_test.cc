// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/schedule.h"
#include "unit/policy_time/times.h"

namespace hikae::policy {
namespace {

using std::chrono::hours;
using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Instant kInstalled = at("2026-11-01 12:00");

Schedule daily() {
  return parse_schedule("daily 02:00", TimeZone::utc());
}

TEST(DueSlots, NothingBeforeTheInstallationIsDue) {
  EXPECT_FALSE(due_slots(daily(), std::nullopt, kInstalled, at("2026-11-02 01:59"), {}).due);
  const DueSlots slots = due_slots(daily(), std::nullopt, kInstalled, at("2026-11-02 02:00"), {});
  EXPECT_EQ(slots.due, at("2026-11-02 02:00"));
  EXPECT_THAT(slots.coalesced, IsEmpty());
  const Instant on_the_slot = at("2026-11-01 02:00");
  EXPECT_EQ(due_slots(daily(), std::nullopt, on_the_slot, kInstalled, {}).due, on_the_slot);
}

TEST(DueSlots, ASlotRunsOnceHoweverManyTriggersFire) {
  const Instant slot = at("2026-11-05 02:00");
  EXPECT_EQ(due_slots(daily(), at("2026-11-04 02:00"), kInstalled, slot, {}).due, slot);
  EXPECT_FALSE(due_slots(daily(), slot, kInstalled, slot + hours(1), {}).due);
  EXPECT_EQ(due_slots(daily(), slot, kInstalled, slot + hours(24), {}).due, slot + hours(24));
}

TEST(DueSlots, MissedOnesCoalesceIntoTheNewest) {
  const DueSlots slots =
      due_slots(daily(), at("2026-11-05 02:00"), kInstalled, at("2026-11-08 09:00"), {});
  EXPECT_EQ(slots.due, at("2026-11-08 02:00"));
  EXPECT_THAT(slots.coalesced, ElementsAre(at("2026-11-06 02:00"), at("2026-11-07 02:00")));
  EXPECT_THAT(slots.missed, IsEmpty());
}

TEST(DueSlots, OlderThanCatchUpIsMissed) {
  const DueSlots late =
      due_slots(daily(), at("2026-11-05 02:00"), kInstalled, at("2026-11-08 09:00"), hours(6));
  EXPECT_FALSE(late.due);
  EXPECT_THAT(late.missed,
              ElementsAre(at("2026-11-06 02:00"), at("2026-11-07 02:00"), at("2026-11-08 02:00")));
  const DueSlots in_time =
      due_slots(daily(), at("2026-11-05 02:00"), kInstalled, at("2026-11-08 08:00"), hours(6));
  EXPECT_EQ(in_time.due, at("2026-11-08 02:00"));
  EXPECT_THAT(in_time.missed, SizeIs(2));
  EXPECT_THAT(in_time.coalesced, IsEmpty());
}

TEST(DueSlots, AClockThatWentBackMakesNothingDue) {
  EXPECT_FALSE(
      due_slots(daily(), at("2026-11-05 02:00"), kInstalled, at("2026-11-03 09:00"), {}).due);
}

TEST(DueSlots, ALongAbsenceIsListedUpToALimit) {
  const auto schedule = parse_schedule("*:*:00", TimeZone::utc());
  const DueSlots slots =
      due_slots(schedule, kInstalled, kInstalled, kInstalled + hours(24 * 365), {});
  EXPECT_EQ(slots.due, kInstalled + hours(24 * 365));
  EXPECT_THAT(slots.coalesced, SizeIs(DueSlots::kMaximumListed));
  EXPECT_EQ(slots.coalesced.back(), *slots.due - std::chrono::minutes(1));
}

TEST(DueSlots, AClockChangeMakesOneSlot) {
  const TimeZone zone = TimeZone::named("America/New_York");
  const auto schedule = parse_schedule("daily 02:30", zone);
  // 02:30 does not exist on 2026-03-08; triggers fire each 10 minutes.
  std::optional<Instant> done = at("2026-03-07 02:30", zone);
  std::vector<Instant> runs;
  for (Instant now = *done; now < at("2026-03-10 00:00", zone); now += std::chrono::minutes(10)) {
    const DueSlots slots = due_slots(schedule, done, kInstalled - hours(24 * 365), now, {});
    if (!slots.due) continue;
    done = slots.due;
    runs.push_back(now);
  }
  EXPECT_THAT(runs, ElementsAre(at("2026-03-08 03:00", zone), at("2026-03-09 02:30", zone)));
}

}  // namespace
}  // namespace hikae::policy
