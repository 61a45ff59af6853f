// SPDX-License-Identifier: Apache-2.0
#include "scheduler/tick.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/policy_kit.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;

// Notes what it is told, and in which order; may be ended in the middle, as by a kill.
class Listener final : public EventSink {
 public:
  void slot_begins(const SlotId&, Instant) override {}
  void deliver(const SlotEvent& event) override {
    if (dies) throw Cancelled();
    told.emplace_back(to_string(event.kind));
  }
  void tick(Instant) override { sent = told.size(); }

  bool dies = false;
  std::vector<std::string> told;
  std::size_t sent = 0;
};

class Tick : public ::testing::Test {
 protected:
  Tick() {
    kit.init();
    kit.clock().advance(std::chrono::hours(1));
    tick();  // the schedule begins, an hour after 02:00
    kit.next_day();
  }

  TickReport tick() {
    policy::Policy policy = kit.policy();
    policy.schedule.catch_up = catch_up;
    const Environment environment = kit.environment();
    const auto journal = kit.journal();
    TickOptions options;
    options.lock_options.settle = std::chrono::milliseconds(1);
    return run_due({policy, environment, *journal, listener}, options, {}, StopToken());
  }

  SlotState state_of_newest() { return kit.journal()->slots().slots("kit", 1).front().state; }

  std::optional<std::chrono::seconds> catch_up;
  PolicyKit kit;
  Listener listener;
};

TEST_F(Tick, KilledBeforeAnybodyWasToldItTellsLater) {
  listener.dies = true;
  EXPECT_THROW(tick(), Cancelled);
  EXPECT_EQ(state_of_newest(), SlotState::running);
  listener.dies = false;
  const TickReport report = tick();
  ASSERT_EQ(report.jobs.size(), 1);
  EXPECT_EQ(report.jobs.front().job.reason, DueJob::Reason::killed);
  EXPECT_EQ(state_of_newest(), SlotState::done);
  EXPECT_THAT(listener.told, ElementsAre("success"));
  EXPECT_EQ(listener.sent, 1);
  // What the killed one had sealed is the generation.
  EXPECT_EQ(kit.snapshots("nas"), 1);
  EXPECT_EQ(kit.snapshots("second"), 1);
}

TEST_F(Tick, KilledBeforeAnybodyHeardOfAMissedSlotItTellsLater) {
  catch_up = std::chrono::hours(36);
  kit.clock().advance(std::chrono::hours(24) * 10);
  listener.dies = true;
  EXPECT_THROW(tick(), Cancelled);
  listener.dies = false;
  EXPECT_FALSE(tick().plan.missed.empty());
  EXPECT_THAT(listener.told, ElementsAre("missed", "missed", "recovered")) << "backup, prune";
  EXPECT_EQ(listener.sent, 3);
}

}  // namespace
}  // namespace hikae::testing
