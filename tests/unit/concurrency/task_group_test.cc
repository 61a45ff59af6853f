// SPDX-License-Identifier: Apache-2.0
#include "concurrency/task_group.h"

#include <atomic>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "concurrency/bounded_queue.h"

namespace hikae {
namespace {

Error failure(const std::string& key) {
  return {ErrorCode::io, text(key)};
}

// Waits until somebody asks the task to stop.
void wait_for_stop(const StopToken& stop) {
  BoundedQueue<int> never(1);
  never.pop(stop);
}

TEST(TaskGroup, JoinsWhatEndsWell) {
  std::atomic<int> done{0};
  TaskGroup tasks{StopToken{}};
  for (int i = 0; i < 8; ++i) tasks.spawn("count", [&](const StopToken&) { ++done; });
  tasks.join();
  EXPECT_EQ(done, 8);
}

TEST(TaskGroup, RethrowsTheErrorAndStopsTheOthers) {
  TaskGroup tasks{StopToken{}};
  tasks.spawn("waits", wait_for_stop);
  tasks.spawn("waits", wait_for_stop);
  tasks.spawn("fails", [](const StopToken&) { throw failure("t.first"); });
  try {
    tasks.join();
    FAIL() << "the error was lost";
  } catch (const Error& error) {
    EXPECT_EQ(error.message().key, "t.first");
  }
}

TEST(TaskGroup, KeepsTheFirstError) {
  TaskGroup tasks{StopToken{}};
  tasks.spawn("second", [](const StopToken& stop) {
    try {
      wait_for_stop(stop);
    } catch (const Cancelled&) {
      throw failure("t.second");
    }
  });
  tasks.spawn("first", [](const StopToken&) { throw failure("t.first"); });
  try {
    tasks.join();
    FAIL() << "the error was lost";
  } catch (const Error& error) {
    EXPECT_EQ(error.message().key, "t.first");
  }
}

TEST(TaskGroup, LetsAnErrorWinOverAnEarlierCancellation) {
  TaskGroup tasks{StopToken{}};
  tasks.spawn("cancelled", [](const StopToken&) { throw Cancelled(); });
  tasks.spawn("fails", [](const StopToken& stop) {
    try {
      wait_for_stop(stop);
    } catch (const Cancelled&) {
      throw failure("t.real_reason");
    }
  });
  try {
    tasks.join();
    FAIL() << "the error was lost";
  } catch (const Error& error) {
    EXPECT_EQ(error.message().key, "t.real_reason");
  }
}

TEST(TaskGroup, ThrowsCancelledWhenThatIsAllThatHappened) {
  TaskGroup tasks{StopToken{}};
  tasks.spawn("cancelled", [](const StopToken&) { throw Cancelled(); });
  EXPECT_THROW(tasks.join(), Cancelled);
}

TEST(TaskGroup, StopsWithItsParent) {
  std::stop_source parent;
  TaskGroup tasks(parent.get_token());
  tasks.spawn("waits", wait_for_stop);
  parent.request_stop();
  EXPECT_THROW(tasks.join(), Cancelled);
}

TEST(TaskGroup, IsStoppedFromTheStartByAStoppedParent) {
  std::stop_source parent;
  parent.request_stop();
  TaskGroup tasks(parent.get_token());
  EXPECT_TRUE(tasks.stop_token().stop_requested());
  tasks.spawn("waits", wait_for_stop);
  EXPECT_THROW(tasks.join(), Cancelled);
}

TEST(TaskGroup, DoesNotStopItsParent) {
  std::stop_source parent;
  TaskGroup tasks(parent.get_token());
  tasks.spawn("fails", [](const StopToken&) { throw failure("t.first"); });
  EXPECT_THROW(tasks.join(), Error);
  EXPECT_FALSE(parent.stop_requested());
}

TEST(TaskGroup, LeavesNoThreadBehindWithoutJoin) {
  std::atomic<bool> ended{false};
  {
    TaskGroup tasks{StopToken{}};
    tasks.spawn("waits", [&](const StopToken& stop) {
      try {
        wait_for_stop(stop);
      } catch (const Cancelled&) {
        ended = true;
        throw;
      }
    });
  }
  EXPECT_TRUE(ended);
}

TEST(TaskGroup, CarriesForeignExceptions) {
  TaskGroup tasks{StopToken{}};
  tasks.spawn("fails", [](const StopToken&) { throw std::length_error("x"); });
  EXPECT_THROW(tasks.join(), std::length_error);
}

TEST(CpuCount, IsAtLeastOne) {
  EXPECT_GE(cpu_count(), 1U);
}

}  // namespace
}  // namespace hikae
