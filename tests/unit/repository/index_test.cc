// SPDX-License-Identifier: Apache-2.0
#include "repository/index.h"

#include <random>

#include <gtest/gtest.h>

namespace hikae {
namespace {

using format::BlobType;
using format::IndexedPack;

template <typename Id>
Id numbered(std::uint32_t number) {
  Id id;
  std::mt19937 random(number);
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random());
  return id;
}

IndexedPack make_pack(std::uint32_t number,
                      std::uint32_t first_blob,
                      std::uint32_t count,
                      BlobType type = BlobType::data) {
  IndexedPack pack;
  pack.id = numbered<PackId>(1'000'000 + number);
  for (std::uint32_t i = 0; i < count; ++i) {
    pack.blobs.push_back(
        {numbered<BlobId>(first_blob + i), type, i * 100, 100, i % 2 == 0 ? 250U : 0U});
  }
  return pack;
}

TEST(Index, FindsEveryBlobAmongMany) {
  Index index;
  constexpr std::uint32_t kPacks = 200;
  constexpr std::uint32_t kBlobs = 37;
  for (std::uint32_t i = 0; i < kPacks; ++i) index.add(make_pack(i, i * kBlobs, kBlobs));
  EXPECT_EQ(index.blob_count(), kPacks * kBlobs);
  EXPECT_EQ(index.pack_count(), kPacks);
  for (std::uint32_t i = 0; i < kPacks * kBlobs; ++i) {
    const auto place = index.find(BlobType::data, numbered<BlobId>(i));
    ASSERT_TRUE(place) << i;
    EXPECT_EQ(place->pack, numbered<PackId>(1'000'000 + i / kBlobs));
    EXPECT_EQ(place->blob.offset, i % kBlobs * 100);
    EXPECT_EQ(place->blob.uncompressed_length, i % kBlobs % 2 == 0 ? 250U : 0U);
  }
  EXPECT_FALSE(index.has(BlobType::data, numbered<BlobId>(kPacks * kBlobs)));
  for (std::uint32_t i = 0; i < kPacks; ++i)
    EXPECT_TRUE(index.has_pack(numbered<PackId>(1'000'000 + i)));
  EXPECT_FALSE(index.has_pack(numbered<PackId>(1)));
}

TEST(Index, KeepsTypesApart) {
  Index index;
  index.add(make_pack(1, 5, 1, BlobType::tree));
  EXPECT_TRUE(index.has(BlobType::tree, numbered<BlobId>(5)));
  EXPECT_FALSE(index.has(BlobType::data, numbered<BlobId>(5)));
}

TEST(Index, KeepsEveryCopyOfABlob) {
  Index index;
  index.add(make_pack(1, 5, 2));
  index.add(make_pack(2, 6, 2));
  EXPECT_EQ(index.find_all(BlobType::data, numbered<BlobId>(6)).size(), 2);
  EXPECT_EQ(index.find_all(BlobType::data, numbered<BlobId>(5)).size(), 1);
  const auto position = index.position(BlobType::data, numbered<BlobId>(6));
  ASSERT_TRUE(position);
  EXPECT_EQ(index.at(*position).blob.id, numbered<BlobId>(6));
  EXPECT_EQ(index.position(BlobType::data, numbered<BlobId>(6)), position);
}

TEST(Index, GivesPacksBackAsTheyWereAdded) {
  Index index;
  const IndexedPack first = make_pack(1, 0, 3);
  const IndexedPack second = make_pack(2, 3, 4, BlobType::tree);
  index.add(first);
  index.add(second);
  std::vector<IndexedPack> seen;
  index.for_each_pack([&](const IndexedPack& pack) { seen.push_back(pack); });
  ASSERT_EQ(seen.size(), 2);
  EXPECT_EQ(seen[0], first);
  EXPECT_EQ(seen[1], second);
  EXPECT_EQ(index.first_of_pack(1), 3);
}

}  // namespace
}  // namespace hikae
