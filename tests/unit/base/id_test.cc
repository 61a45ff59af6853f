// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <string>
#include <type_traits>
#include <unordered_set>

#include <gtest/gtest.h>

namespace hikae {
namespace {

const std::string kHex = "07854d2fef297a06ba81685e660c332de36d5d18d546927d30daad6d7fda1541";

TEST(Id, ParsesWhatItPrints) {
  const auto id = BlobId::parse(kHex);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->hex(), kHex);
  EXPECT_EQ(id->short_hex(), "07854d2f");
  EXPECT_EQ(id->bytes[0], 0x07);
  EXPECT_EQ(id->bytes[31], 0x41);
}

TEST(Id, RefusesAllElse) {
  std::string upper = kHex;
  upper[4] = 'D';
  std::string letter = kHex;
  letter[63] = 'g';
  for (const std::string& bad : {std::string(),
                                 kHex.substr(1),
                                 kHex + "0",
                                 kHex + "00",
                                 upper,
                                 letter,
                                 " " + kHex.substr(1)}) {
    EXPECT_FALSE(PackId::parse(bad)) << bad;
  }
}

TEST(Id, IsNullOnlyWhenAllBytesAreZero) {
  EXPECT_TRUE(SnapshotId{}.is_null());
  SnapshotId last;
  last.bytes[31] = 1;
  EXPECT_FALSE(last.is_null());
}

TEST(Id, OrdersByBytes) {
  BlobId low;
  BlobId high;
  low.bytes[0] = 0x7f;
  high.bytes[0] = 0x80;
  EXPECT_LT(low, high);
}

TEST(Id, KindsDoNotConvertIntoEachOther) {
  EXPECT_FALSE((std::is_convertible_v<BlobId, PackId>));
  EXPECT_FALSE((std::is_constructible_v<SnapshotId, LockId>));
  const auto pack = PackId::parse(kHex);
  EXPECT_EQ(id_cast<BlobId>(*pack).bytes, pack->bytes);
}

TEST(Id, HashesByItsValue) {
  std::unordered_set<BlobId> ids;
  for (unsigned i = 0; i < 256; ++i) {
    BlobId id;
    id.bytes[0] = static_cast<std::uint8_t>(i);
    ids.insert(id);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 256U);
}

TEST(Hex, WritesTwoDigitsForEachByte) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xa0, 0xff}), "000fa0ff");
  EXPECT_EQ(to_hex({}), "");
}

}  // namespace
}  // namespace hikae
