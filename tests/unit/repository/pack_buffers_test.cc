// SPDX-License-Identifier: Apache-2.0
#include "repository/pack_buffers.h"

#include <gtest/gtest.h>

namespace hikae {
namespace {

TEST(PackBuffers, TheMemoryIsUsedAgain) {
  PackBuffers buffers;
  Bytes first = buffers.take(1000);
  EXPECT_GE(first.capacity(), 1000U);
  first.assign(1000, std::uint8_t{1});
  const std::uint8_t* memory = first.data();
  buffers.give_back(std::move(first));
  const Bytes second = buffers.take(1000);
  EXPECT_EQ(second.data(), memory);
  EXPECT_TRUE(second.empty());
}

TEST(PackBuffers, EachTakerHasItsOwn) {
  PackBuffers buffers;
  buffers.give_back(Bytes(10));
  Bytes first = buffers.take(10);
  Bytes second = buffers.take(10);
  first.push_back(1);
  second.push_back(2);
  EXPECT_NE(first.data(), second.data());
  EXPECT_EQ(first.front(), 1);
}

TEST(PackBuffers, OneThatIsTooSmallGrows) {
  PackBuffers buffers;
  buffers.give_back(Bytes(10));
  EXPECT_GE(buffers.take(5000).capacity(), 5000U);
}

}  // namespace
}  // namespace hikae
