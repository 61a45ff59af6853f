// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include <gtest/gtest.h>

#include "crypto/random.h"

namespace hikae {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);

TEST(Secret, LeavesNothingBehindInWhatItWasMovedFrom) {
  for (const std::string value : {"short", "long enough to live outside of the string object"}) {
    Secret from(value);
    const Secret to = std::move(from);
    EXPECT_EQ(to.reveal(), value);
    // NOLINTNEXTLINE(bugprone-use-after-move): the state after a move is what is tested
    const std::string_view rest(from.reveal().data(), from.reveal().capacity());
    EXPECT_TRUE(std::all_of(rest.begin(), rest.end(), [](char c) { return c == 0; }));
    EXPECT_TRUE(from.empty());
  }
}

TEST(Secret, AssignmentReplacesAndClones) {
  Secret a(std::string("first"));
  a = Secret(std::string("second"));
  Secret& same = a;
  a = std::move(same);
  EXPECT_EQ(a.reveal(), "second");
  EXPECT_EQ(a.clone().reveal(), "second");
}

TEST(Wipe, OverwritesMemory) {
  std::array<char, 32> memory{};
  memory.fill('x');
  wipe(memory.data(), memory.size() - 1);
  EXPECT_EQ(std::count(memory.begin(), memory.end(), 'x'), 1);
}

TEST(Random, FillsEveryByteAndDoesNotRepeat) {
  std::array<std::uint8_t, 64> seen{};
  std::array<std::uint8_t, 64> last{};
  for (int round = 0; round < 8; ++round) {
    std::array<std::uint8_t, 64> now{};
    fill_random(now);
    EXPECT_NE(now, last);
    last = now;
    for (std::size_t i = 0; i < now.size(); ++i) seen[i] |= now[i];
  }
  // A byte that was zero eight times running was not written (chance 64 in 2^64).
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 0), 0);
}

}  // namespace
}  // namespace hikae
