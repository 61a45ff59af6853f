// SPDX-License-Identifier: Apache-2.0
#include "chunker/chunker.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/chunker_data.h"

namespace hikae {
namespace {

using testing::kKnownPolynomial;
using testing::plant_cut;
using testing::pseudo_random_bytes;

// Cuts all of `data` and compares each step with the reference.
std::vector<std::size_t> cut(const ChunkerTables& tables, ByteView data) {
  std::vector<std::size_t> sizes;
  while (!data.empty()) {
    const std::size_t size = tables.next_cut(data);
    EXPECT_EQ(size, tables.next_cut_reference(data));
    sizes.push_back(size);
    data = data.subspan(size);
  }
  return sizes;
}

TEST(Chunker, EmptyDataHasNoChunk) {
  const ChunkerTables tables(kKnownPolynomial);
  EXPECT_EQ(tables.next_cut({}), 0U);
  EXPECT_EQ(tables.next_cut_reference({}), 0U);
}

TEST(Chunker, ZeroesAreCutAtTheMinimum) {
  const ChunkerTables tables(kKnownPolynomial);
  const Bytes zeroes(2 * kMinChunkSize + 100, 0);
  EXPECT_THAT(cut(tables, zeroes), ::testing::ElementsAre(kMinChunkSize, kMinChunkSize, 100));
}

TEST(Chunker, RandomDataIsCutLikeTheReference) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    std::mt19937_64 engine(seed);
    const ChunkerTables tables(random_polynomial([&] { return engine(); }));
    const Bytes data = pseudo_random_bytes(20'000'000 + seed, seed);
    const std::vector<std::size_t> sizes = cut(tables, data);
    EXPECT_GT(sizes.size(), 5U);
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
      EXPECT_GE(sizes[i], kMinChunkSize);
      EXPECT_LE(sizes[i], kMaxChunkSize);
    }
  }
}

TEST(Chunker, DataOfLittleEntropyIsCutLikeTheReference) {
  const ChunkerTables tables(kKnownPolynomial);
  std::mt19937_64 engine(1);
  Bytes data(10'000'000);
  for (const std::size_t period : {2U, 3U, 64U, 4096U}) {
    for (std::size_t i = 0; i < data.size(); ++i) {
      data[i] = static_cast<std::uint8_t>(i % period % 251);
    }
    cut(tables, data);
  }
  // Few symbols, in long runs.
  std::uint8_t symbol = 0;
  for (std::uint8_t& byte : data) {
    if (engine() % 100 == 0) symbol = static_cast<std::uint8_t>(engine() % 3);
    byte = symbol;
  }
  cut(tables, data);
}

// A run of 0xff has one fingerprint everywhere; with this polynomial it is no cut.
TEST(Chunker, DataWithoutACutEndsAtTheMaximum) {
  const ChunkerTables tables(kKnownPolynomial);
  const Bytes data(kMaxChunkSize + 1000, 0xff);
  EXPECT_THAT(cut(tables, data), ::testing::ElementsAre(kMaxChunkSize, 1000));
}

TEST(Chunker, SizesAroundTheLimits) {
  const ChunkerTables tables(kKnownPolynomial);
  const Bytes data(kMaxChunkSize + 2, 0xff);
  for (const std::size_t limit : {std::size_t{1}, kMinChunkSize, kMaxChunkSize}) {
    for (const std::size_t size : {limit - 1, limit, limit + 1}) {
      const ByteView part = ByteView(data).first(size);
      EXPECT_EQ(tables.next_cut(part), std::min(size, kMaxChunkSize)) << size;
      EXPECT_EQ(tables.next_cut_reference(part), std::min(size, kMaxChunkSize)) << size;
    }
  }
}

TEST(Chunker, CutsAtAndBesideTheLimits) {
  const ChunkerTables tables(kKnownPolynomial);
  const chunking::Tables plain(kKnownPolynomial);
  const Bytes data(kMaxChunkSize + 100, 0xff);
  struct Case {
    std::size_t planted;
    std::size_t expected;
  };
  const Case cases[] = {
      {kMinChunkSize - 1, kMaxChunkSize},  // too early: does not count
      {kMinChunkSize, kMinChunkSize},
      {kMinChunkSize + 1, kMinChunkSize + 1},
      {kMaxChunkSize - 1, kMaxChunkSize - 1},
      {kMaxChunkSize, kMaxChunkSize},
      {kMaxChunkSize + 1, kMaxChunkSize},
  };
  for (const Case& c : cases) {
    Bytes planted = data;
    plant_cut(plain, planted, c.planted);
    EXPECT_EQ(tables.next_cut(planted), c.expected) << c.planted;
    EXPECT_EQ(tables.next_cut_reference(planted), c.expected) << c.planted;
  }
}

// What the chunk's rest of the file holds does not matter, nor what came before the window.
TEST(Chunker, ACutDependsOnTheLast64BytesOnly) {
  const ChunkerTables tables(kKnownPolynomial);
  const chunking::Tables plain(kKnownPolynomial);
  Bytes data(2 * kMinChunkSize, 0xff);
  const std::size_t at = kMinChunkSize + 5000;
  plant_cut(plain, data, at);
  ASSERT_EQ(tables.next_cut(data), at);
  data[at - 65] ^= 1;
  data[at] ^= 1;
  EXPECT_EQ(tables.next_cut(data), at);
  data[at - 64] ^= 1;
  EXPECT_NE(tables.next_cut(data), at);
}

TEST(Chunker, TablesMayBeMoved) {
  ChunkerTables first(kKnownPolynomial);
  const Bytes data = pseudo_random_bytes(3'000'000, 4);
  const std::size_t expected = first.next_cut(data);
  const ChunkerTables second = std::move(first);
  EXPECT_EQ(second.next_cut(data), expected);
}

}  // namespace
}  // namespace hikae
