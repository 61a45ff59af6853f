// SPDX-License-Identifier: Apache-2.0
#include "concurrency/guarded.h"

#include <algorithm>
#include <atomic>

#include <gtest/gtest.h>

#include "concurrency/semaphore.h"
#include "concurrency/task_group.h"

namespace hikae {
namespace {

TEST(Guarded, LetsOneInAtATime) {
  constexpr int kRounds = 2000;
  Guarded<long> sum(0);
  TaskGroup tasks{StopToken{}};
  for (int i = 0; i < 4; ++i) {
    tasks.spawn("add", [&](const StopToken&) {
      for (int round = 0; round < kRounds; ++round) ++*sum.lock();
    });
  }
  tasks.join();
  EXPECT_EQ(*sum.lock(), 4 * kRounds);
}

TEST(Guarded, WaitsUntilAChangeMakesItReady) {
  Guarded<int> step(0);
  TaskGroup tasks{StopToken{}};
  std::atomic<bool> saw{false};
  tasks.spawn("waits", [&](const StopToken& stop) {
    auto state = step.lock();
    saw = state.wait(stop, [&] { return *state == 2; });
    *state = 3;
  });
  for (int next = 1; next <= 2; ++next) {
    *step.lock() = next;
    step.notify_all();
  }
  tasks.join();
  EXPECT_TRUE(saw);
  EXPECT_EQ(*step.lock(), 3);
}

TEST(Guarded, AStopEndsTheWaitWithoutReady) {
  Guarded<int> step(0);
  std::stop_source stop;
  stop.request_stop();
  auto state = step.lock();
  EXPECT_FALSE(state.wait(stop.get_token(), [&] { return *state == 1; }));
}

TEST(Guarded, ReadyWinsOverAStop) {
  Guarded<int> step(1);
  std::stop_source stop;
  stop.request_stop();
  auto state = step.lock();
  EXPECT_TRUE(state.wait(stop.get_token(), [&] { return *state == 1; }));
}

TEST(Semaphore, BoundsWhatIsUnderWay) {
  constexpr int kTotal = 5;
  Semaphore room(kTotal);
  std::atomic<int> used{0};
  std::atomic<int> most{0};
  TaskGroup tasks{StopToken{}};
  for (int worker = 1; worker <= 4; ++worker) {
    tasks.spawn("works", [&, worker](const StopToken& stop) {
      for (int round = 0; round < 200; ++round) {
        const auto permit = room.acquire(static_cast<std::size_t>(worker), stop);
        const int now = used += worker;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        used -= worker;
      }
    });
  }
  tasks.join();
  EXPECT_LE(most, kTotal);
  EXPECT_EQ(used, 0);
}

TEST(Semaphore, GivesBackWhenThePermitGoes) {
  Semaphore room(2);
  {
    auto first = room.acquire(2, {});
    const auto moved = std::move(first);
  }
  const auto again = room.acquire(2, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(room.acquire(1, stop.get_token()), Cancelled) << "all of it is taken again";
}

TEST(Semaphore, AFailedTaskGivesItsPermitBack) {
  Semaphore room(1);
  EXPECT_THROW(
      {
        const auto permit = room.acquire(1, {});
        throw Error(ErrorCode::io, text("t.fails"));
      },
      Error);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_NO_THROW(room.acquire(1, stop.get_token()));
}

}  // namespace
}  // namespace hikae
