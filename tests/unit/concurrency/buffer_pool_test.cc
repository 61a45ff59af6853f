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

TEST(BufferPool, WhatWouldBeTooMuchIsFreed) {
  BufferPool buffers(1500);
  Bytes one = buffers.take(1000);
  Bytes other = buffers.take(1000);
  const std::uint8_t* const kept = one.data();
  buffers.give_back(std::move(one));
  buffers.give_back(std::move(other));
  const Bytes again = buffers.take(1000);
  EXPECT_EQ(again.data(), kept);
  EXPECT_LT(buffers.take(1).capacity(), 1000U);
}

TEST(BufferPool, TheSmallestThatHasRoomIsTaken) {
  BufferPool buffers;
  Bytes small = buffers.take(100);
  Bytes large = buffers.take(10000);
  Bytes middle = buffers.take(1000);
  const std::uint8_t* const fits = middle.data();
  const std::uint8_t* const largest = large.data();
  buffers.give_back(std::move(small));
  buffers.give_back(std::move(large));
  buffers.give_back(std::move(middle));
  const Bytes taken = buffers.take(500);
  EXPECT_EQ(taken.data(), fits);
  const Bytes next = buffers.take(500);
  EXPECT_EQ(next.data(), largest);
}

}  // namespace
}  // namespace hikae
