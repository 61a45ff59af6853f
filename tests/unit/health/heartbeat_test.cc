// SPDX-License-Identifier: Apache-2.0
#include "health/heartbeat.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace hikae::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class HeartbeatTest : public ::testing::Test {
 protected:
  HeartbeatTest() {
    policy_.timezone = "Asia/Tokyo";
    policy_.schedule.window = hours(6);
  }
  Health health() const { return judge(heartbeat_.state(), policy_, seconds(30)); }
  std::string words() const { return render(health().words, Language::en); }
  bool is_alive() const { return health().state == Health::State::alive; }

  policy::Policy policy_;
  FakeClock clock_{Instant(seconds(1'772'334'000))};  // 2026-03-01 12:00:00 in Tokyo
  Heartbeat heartbeat_{clock_};
};

TEST_F(HeartbeatTest, IsAliveWhileItLooksAgainAndAgain) {
  EXPECT_TRUE(is_alive());
  for (int i = 0; i < 3; ++i) {
    heartbeat_.begin();
    heartbeat_.end();
    clock_.advance(seconds(40));
    EXPECT_TRUE(is_alive());
  }
  EXPECT_EQ(words(), "Alive: at 2026-03-01 12:01:20 it was last looked what is due.");
}

TEST_F(HeartbeatTest, IsAilingWhenNobodyLooksAnyMore) {
  clock_.advance(seconds(91));
  EXPECT_FALSE(is_alive());
  EXPECT_EQ(words(), "Since 2026-03-01 12:00:00 nobody has looked what is due.");
  heartbeat_.begin();
  EXPECT_TRUE(is_alive());
}

TEST_F(HeartbeatTest, MayWorkForLongButNotForEver) {
  heartbeat_.begin();
  clock_.advance(hours(30));
  EXPECT_TRUE(is_alive());
  EXPECT_EQ(words(), "Alive: at work since 2026-03-01 12:00:00.");
  clock_.advance(seconds(1));
  EXPECT_FALSE(is_alive());
  EXPECT_EQ(words(),
            "At work since 2026-03-01 12:00:00, which is longer than 30h: it is likely to hang.");
  heartbeat_.end();
  EXPECT_TRUE(is_alive());
}

// Somebody sets the wall clock: nothing hangs for that.
TEST_F(HeartbeatTest, DoesNotMeasureByTheWallClock) {
  heartbeat_.begin();
  clock_.set(clock_.now() + hours(24 * 365));
  EXPECT_TRUE(is_alive());
}

TEST_F(HeartbeatTest, TellsSinceWhenItFails) {
  const Error error(ErrorCode::invalid_argument, text("service.run_under_way", {{"policy", "x"}}));
  heartbeat_.begin();
  heartbeat_.fail(error);
  clock_.advance(minutes(1));
  heartbeat_.begin();
  EXPECT_FALSE(is_alive()) << "a failure is over when a round was good, not when one begins";
  heartbeat_.fail(error);
  EXPECT_EQ(words().find("Since 2026-03-01 12:00:00 it cannot be looked what is due: "), 0U)
      << words();
  heartbeat_.begin();
  heartbeat_.end();
  EXPECT_TRUE(is_alive());
}

}  // namespace
}  // namespace hikae::testing
