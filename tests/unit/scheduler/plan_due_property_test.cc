// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "support.h"

namespace hikae {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::MemoryLedger;
using testing::policy_of;

const Instant kBegin = Instant(std::chrono::sys_days{std::chrono::year{2015} / 6 / 1});
const Instant kEnd = kBegin + hours(24) * 366 * 20;

struct Place {
  const char* zone;
  const char* schedule;
};

class PlanDueProperty : public ::testing::TestWithParam<Place> {
 protected:
  // One tick. Returns the slots that ran.
  void tick(MemoryLedger& ledger, Instant now, std::multiset<Instant>& ran) {
    const DuePlan plan = ledger.plan(now);
    ledger.save(plan.coalesced);
    ledger.save(plan.missed);
    ledger.save(plan.failed);
    for (const DueJob& job : plan.jobs) {
      for (SlotRecord slot : job.slots) {
        ASSERT_LE(slot.id.scheduled, now);
        ran.insert(slot.id.scheduled);
        slot.state = SlotState::done;
        ledger.save(slot);
      }
    }
  }
};

// Every slot ends in exactly one way, and none runs twice, whatever ticks, sleeps and clocks do.
TEST_P(PlanDueProperty, EachSlotExactlyOnceInTwentyYears) {
  const policy::Policy policy = policy_of(GetParam().zone, GetParam().schedule);
  MemoryLedger ledger(policy, kBegin);
  std::mt19937 random(20'260'101);
  std::uniform_int_distribution<int> dice(0, 999);
  std::multiset<Instant> ran;
  Instant latest = kBegin;
  for (Instant now = kBegin; now < kEnd;) {
    tick(ledger, now, ran);
    latest = std::max(latest, now);
    const int fate = dice(random);
    if (fate < 5) {
      now += hours(24) * (1 + dice(random) % 40);  // off for weeks
    } else if (fate < 15) {
      now -= minutes(dice(random) % 180);  // the clock is set back
      if (now < kBegin) now = kBegin;
    } else {
      now += minutes(20 + dice(random));
    }
  }
  const auto& schedule = ledger.groups().front().schedule;
  std::size_t slots = 0;
  for (auto slot = schedule.next_after(kBegin - std::chrono::nanoseconds(1));
       slot && *slot <= latest;
       slot = schedule.next_after(*slot)) {
    ++slots;
    const auto found = ledger.slots().find({"backup/", *slot});
    ASSERT_NE(found, ledger.slots().end()) << "nothing is known of a slot";
    const bool has_run = found->second.state == SlotState::done;
    ASSERT_EQ(ran.count(*slot), has_run ? 1U : 0U);
    ASSERT_TRUE(has_run || found->second.state == SlotState::coalesced);
  }
  EXPECT_EQ(ledger.slots().size(), slots) << "a slot that no schedule names";
  EXPECT_GE(ran.size(), slots / 2);
}

INSTANTIATE_TEST_SUITE_P(Zones,
                         PlanDueProperty,
                         ::testing::Values(Place{"Asia/Tokyo", "daily 02:00"},
                                           Place{"Europe/Berlin", "daily 02:30"},
                                           Place{"America/New_York", "daily 02:00"},
                                           Place{"America/Sao_Paulo", "daily 00:00"},
                                           Place{"Australia/Lord_Howe", "daily 02:00"},
                                           Place{"Asia/Kathmandu", "weekly Sun 04:00"},
                                           Place{"Africa/Casablanca", "daily 02:15"},
                                           Place{"Pacific/Apia", "monthly last 23:30"},
                                           Place{"America/St_Johns", "0 0 29-31 * *"},
                                           Place{"UTC", "0 12 29 2 *"}));

}  // namespace
}  // namespace hikae
