// SPDX-License-Identifier: Apache-2.0
#include "concurrency/buffer_pool.h"

#include <gtest/gtest.h>

namespace hikae {
namespace {

TEST(BufferPool, TheMemoryIsUsedAgain) {
  BufferPool buffers;
  Bytes first = buffers.take(1000);
  EXPECT_GE(first.capacity(), 1000U);
  first.assign(1000, std::uint8_t{1});
  const std::uint8_t* memory = first.data();
  buffers.give_back(std::move(first));
  const Bytes second = buffers.take(1000);
  EXPECT_EQ(second.data(), memory);
  EXPECT_TRUE(second.empty());
}

TEST(BufferPool, EachTakerHasItsOwn) {
  BufferPool buffers;
  buffers.give_back(Bytes(10));
  Bytes first = buffers.take(10);
  Bytes second = buffers.take(10);
  first.push_back(1);
  second.push_back(2);
  EXPECT_NE(first.data(), second.data());
  EXPECT_EQ(first.front(), 1);
}

TEST(BufferPool, OneThatIsTooSmallGrows) {
  BufferPool buffers;
  buffers.give_back(Bytes(10));
  EXPECT_GE(buffers.take(5000).capacity(), 5000U);
}

TEST(BufferPool, ThoseThatAreTooLargeAreFreed) {
  BufferPool buffers(100);
  Bytes large = buffers.take(1000);
  buffers.give_back(std::move(large));
  EXPECT_LT(buffers.take(1).capacity(), 1000U);
}

}  // namespace
}  // namespace hikae
