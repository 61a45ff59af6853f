// SPDX-License-Identifier: Apache-2.0
#include "repository/lag.h"

#include <random>

#include <gtest/gtest.h>

namespace hikae {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Seen = HoldUp::Seen;

HoldUp::Moment at(milliseconds time) {
  return HoldUp::Moment(time);
}

TEST(Lag, IsForgivenWithinTheGrace) {
  const LagRule rule;
  EXPECT_EQ(judge_lag({milliseconds(1900), {}, seconds(3), 1}, rule), LagDecision::wait);
  EXPECT_EQ(judge_lag({milliseconds(2400), {}, seconds(3), 1}, rule), LagDecision::detach);
}

TEST(Lag, GrowsWithWhatTheOthersNeed) {
  const LagRule rule;
  // An hour of work: six minutes of waiting are no reason, seven are.
  EXPECT_EQ(judge_lag({minutes(6), {}, minutes(60), 1}, rule), LagDecision::wait);
  EXPECT_EQ(judge_lag({minutes(7), {}, minutes(60), 1}, rule), LagDecision::detach);
}

TEST(Lag, IsMeasuredAgainstThatOfTheOthers) {
  EXPECT_EQ(judge_lag({minutes(20), minutes(19), minutes(60), 1}, LagRule()), LagDecision::wait);
  EXPECT_EQ(judge_lag({minutes(20), minutes(3), minutes(60), 1}, LagRule()), LagDecision::detach);
}

TEST(Lag, OfTheOnlyOneOrOfAllAtOnceIsThePaceOfTheRun) {
  EXPECT_EQ(judge_lag({minutes(60), {}, minutes(60), 0}, LagRule()), LagDecision::wait);
}

TEST(HoldUp, CountsOnlyWhileOthersWait) {
  HoldUp hold_up;
  hold_up.note(at(milliseconds(1000)), Seen::others_wait);
  hold_up.note(at(milliseconds(1300)), Seen::nobody_waits);
  hold_up.note(at(milliseconds(5000)), Seen::others_wait);
  hold_up.note(at(milliseconds(5200)), Seen::others_wait);
  hold_up.note(at(milliseconds(5400)), Seen::nobody_waits);
  EXPECT_EQ(hold_up.total(), milliseconds(700));
}

TEST(HoldUp, SeveralThreadsThatWaitAtOnceCountOnce) {
  HoldUp hold_up;
  for (int time = 0; time <= 1000; time += 10) {
    hold_up.note(at(milliseconds(time)), Seen::others_wait);
    hold_up.note(at(milliseconds(time)), Seen::others_wait);
  }
  EXPECT_EQ(hold_up.total(), milliseconds(1000));
}

// A destination with one line and room for two packs that wait, in milliseconds of simulated time.
class SimulatedLane {
 public:
  explicit SimulatedLane(double milliseconds_per_pack) : per_pack_(milliseconds_per_pack) {}
  double room_at() const { return done_.size() < 3 ? 0 : done_[done_.size() - 3]; }
  double idle_at() const { return done_.empty() ? 0 : done_.back(); }
  void take(double now, double factor) {
    done_.push_back(std::max(now, idle_at()) + per_pack_ * factor);
  }
  HoldUp hold_up;

 private:
  const double per_pack_;
  std::vector<double> done_;
};

// An hour of a source that is faster than both, so that each pack has to wait for the later one.
// The first takes a pack in 100 ms; each time is off by up to `jitter`.
LagDecision after_an_hour(double second, double jitter, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> noise(1 - jitter, 1 + jitter);
  SimulatedLane lanes[2] = {SimulatedLane(100), SimulatedLane(second)};
  for (double now = 0; now < 3'600'000; now += 1) {
    for (int i = 0; i < 2; ++i) {
      SimulatedLane& lane = lanes[i];
      const SimulatedLane& other = lanes[1 - i];
      const double idle_from = std::max(now, other.idle_at());
      if (lane.room_at() <= idle_from) continue;
      lane.hold_up.note(at(milliseconds(static_cast<long>(idle_from))), Seen::others_wait);
      lane.hold_up.note(at(milliseconds(static_cast<long>(lane.room_at()))), Seen::nobody_waits);
      const Lag lag{lane.hold_up.total(),
                    other.hold_up.total(),
                    milliseconds(static_cast<long>(lane.room_at())),
                    1};
      if (judge_lag(lag, LagRule()) == LagDecision::detach) return LagDecision::detach;
    }
    now = std::max({now, lanes[0].room_at(), lanes[1].room_at()});
    for (SimulatedLane& lane : lanes) lane.take(now, noise(random));
  }
  return LagDecision::wait;
}

TEST(Lag, EquallyFastOnesNeverDetachEachOtherByJitter) {
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    EXPECT_EQ(after_an_hour(100, 0.9, seed), LagDecision::wait) << seed;
}

TEST(Lag, NearlyAsFastIsWaitedFor) {
  EXPECT_EQ(after_an_hour(108, 0.2, 1), LagDecision::wait);
}

TEST(Lag, HalfAsFastIsTooSlow) {
  EXPECT_EQ(after_an_hour(200, 0.2, 1), LagDecision::detach);
}

}  // namespace
}  // namespace hikae
