// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

#include "journal/journal.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

TEST(SlotLock, IsHeldByOne) {
  const testing::TempDir folder;
  const std::string state = folder / "state";
  auto held = SlotLock::try_acquire(state, "company", "backup");
  ASSERT_TRUE(held);
  EXPECT_FALSE(SlotLock::try_acquire(state, "company", "backup"));
  EXPECT_TRUE(SlotLock::try_acquire(state, "company", "check"));
  EXPECT_TRUE(SlotLock::try_acquire(state, "other", "backup"));
  held.reset();
  EXPECT_TRUE(SlotLock::try_acquire(state, "company", "backup"));
}

TEST(SlotLock, GoesWithItsProcess) {
  const testing::TempDir folder;
  const std::string state = folder / "state";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto held = SlotLock::try_acquire(state, "company", "backup");
    const char byte = held ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_FALSE(SlotLock::try_acquire(state, "company", "backup"));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(SlotLock::try_acquire(state, "company", "backup"));
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace hikae
