// SPDX-License-Identifier: Apache-2.0
#include "crypto/crc32c.h"

#include <random>

#include <gtest/gtest.h>

namespace hikae {
namespace {

std::uint32_t sum_of(ByteView bytes) {
  Crc32c sum;
  sum.update(bytes);
  return sum.value();
}

// RFC 3720, appendix B.4.
TEST(Crc32cTest, GivesTheKnownValues) {
  EXPECT_EQ(sum_of(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(sum_of({}), 0U);
  Bytes bytes(32, 0);
  EXPECT_EQ(sum_of(bytes), 0x8a9136aaU);
  bytes.assign(32, 0xff);
  EXPECT_EQ(sum_of(bytes), 0x62a8ab43U);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(sum_of(bytes), 0x46dd794eU);
}

TEST(Crc32cTest, IsTheSameInPiecesOfAnySize) {
  std::mt19937 random(1);
  Bytes bytes(5000);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (const std::size_t size : {1U, 7U, 8U, 63U, 4096U, 5000U}) {
    Crc32c sum;
    std::uint32_t shares = 0;
    for (std::size_t end = bytes.size(); end > 0;) {
      const std::size_t part = std::min(size, end);
      const ByteView piece = ByteView(bytes).subspan(end - part, part);
      shares ^= crc32c_share(crc32c_remainder(piece), bytes.size() - end);
      end -= part;
    }
    for (std::size_t at = 0; at < bytes.size(); at += size)
      sum.update(ByteView(bytes).subspan(at, std::min(size, bytes.size() - at)));
    EXPECT_EQ(sum.value(), sum_of(bytes)) << size;
    EXPECT_EQ(crc32c_of_shares(shares, bytes.size()), sum_of(bytes)) << size;
  }
  EXPECT_EQ(crc32c_of_shares(0, 0), sum_of({}));
}

// The number of bytes behind a piece counts in all its bits.
TEST(Crc32cTest, KnowsPiecesFarFromTheEnd) {
  const Bytes zeros(std::size_t{3} << 20U, 0);
  Bytes whole = to_bytes(as_bytes("far away"));
  append(whole, zeros);
  const std::uint32_t share = crc32c_share(crc32c_remainder(as_bytes("far away")), zeros.size());
  EXPECT_EQ(crc32c_of_shares(share, whole.size()), sum_of(whole));
}

}  // namespace
}  // namespace hikae
