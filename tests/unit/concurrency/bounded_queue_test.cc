// SPDX-License-Identifier: Apache-2.0
#include "concurrency/bounded_queue.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "concurrency/task_group.h"

namespace hikae {
namespace {

TEST(BoundedQueue, KeepsTheOrder) {
  BoundedQueue<int> queue(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(i, {}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.pop({}), i);
}

TEST(BoundedQueue, CarriesWhatCanOnlyBeMoved) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.push(std::make_unique<int>(7), {}));
  EXPECT_EQ(**queue.pop({}), 7);
}

TEST(BoundedQueue, MakesAFastProducerWait) {
  constexpr int kItems = 2000;
  constexpr int kCapacity = 4;
  BoundedQueue<int> queue(kCapacity);
  std::atomic<int> pushed{0};
  int popped = 0;
  int most_ahead = 0;
  TaskGroup tasks{StopToken{}};
  tasks.spawn("produce", [&](const StopToken& stop) {
    for (int i = 0; i < kItems; ++i) {
      queue.push(i, stop);
      ++pushed;
    }
    queue.close();
  });
  tasks.spawn("consume", [&](const StopToken& stop) {
    while (const auto item = queue.pop(stop)) {
      EXPECT_EQ(*item, popped);
      ++popped;
      most_ahead = std::max(most_ahead, pushed - popped);
    }
  });
  tasks.join();
  EXPECT_EQ(popped, kItems);
  EXPECT_LE(most_ahead, kCapacity);
}

TEST(BoundedQueue, GivesEachItemToExactlyOneConsumer) {
  constexpr int kProducers = 3;
  constexpr int kItems = 500;
  BoundedQueue<int> queue(7);
  std::vector<std::atomic<int>> seen(kProducers * kItems);
  std::atomic<int> open_producers{kProducers};
  TaskGroup tasks{StopToken{}};
  for (int producer = 0; producer < kProducers; ++producer) {
    tasks.spawn("produce", [&, producer](const StopToken& stop) {
      for (int i = 0; i < kItems; ++i) queue.push(producer * kItems + i, stop);
      if (--open_producers == 0) queue.close();
    });
  }
  for (int consumer = 0; consumer < 3; ++consumer) {
    tasks.spawn("consume", [&](const StopToken& stop) {
      while (const auto item = queue.pop(stop)) ++seen[static_cast<std::size_t>(*item)];
    });
  }
  tasks.join();
  EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const auto& count) { return count == 1; }));
}

TEST(BoundedQueue, DrainsAfterCloseAndRefusesMore) {
  BoundedQueue<int> queue(2);
  queue.push(1, {});
  queue.close();
  queue.close();
  EXPECT_FALSE(queue.push(2, {}));
  EXPECT_EQ(queue.pop({}), 1);
  EXPECT_EQ(queue.pop({}), std::nullopt);
  EXPECT_EQ(queue.pop({}), std::nullopt);
}

TEST(BoundedQueue, CloseFreesAWaitingProducer) {
  BoundedQueue<int> queue(1);
  queue.push(1, {});
  std::atomic<bool> refused{false};
  TaskGroup tasks{StopToken{}};
  tasks.spawn("produce", [&](const StopToken& stop) { refused = !queue.push(2, stop); });
  queue.close();
  tasks.join();
  EXPECT_TRUE(refused);
}

TEST(BoundedQueue, AStopFreesWhoeverWaits) {
  BoundedQueue<int> full(1);
  BoundedQueue<int> empty(1);
  full.push(1, {});
  TaskGroup tasks{StopToken{}};
  std::atomic<int> cancelled{0};
  const auto count = [&](const auto& work) {
    return [&cancelled, work](const StopToken& stop) {
      try {
        work(stop);
      } catch (const Cancelled&) {
        ++cancelled;
        throw;
      }
    };
  };
  tasks.spawn("push", count([&](const StopToken& stop) { full.push(2, stop); }));
  tasks.spawn("pop", count([&](const StopToken& stop) { empty.pop(stop); }));
  tasks.request_stop();
  EXPECT_THROW(tasks.join(), Cancelled);
  EXPECT_EQ(cancelled, 2);
  EXPECT_EQ(full.pop({}), 1) << "what was refused did not slip in";
}

}  // namespace
}  // namespace hikae
