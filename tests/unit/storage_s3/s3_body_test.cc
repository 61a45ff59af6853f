// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_body.h"

#include <gtest/gtest.h>

namespace hikae {
namespace {

std::string joined(const std::vector<ByteView>& pieces) {
  std::string result;
  for (const ByteView piece : pieces) result += as_text(piece);
  return result;
}

TEST(S3Body, SumsAreThoseOfTheWhole) {
  const BodySums sums = sums_of({as_bytes("message "), ByteView(), as_bytes("digest")});
  EXPECT_EQ(sums.size, 14U);
  EXPECT_EQ(sums.md5_hex, "f96b697d7cb7938d525a2f31aaf161d0");  // RFC 1321
  EXPECT_EQ(sums.md5_base64, "+WtpfXy3k41SWi8xqvFh0A==");
  EXPECT_EQ(sums.sha256_hex, "f7846f55cf23e14eebeab5b4e1550cad5b509e3348fbc4efa3a1413d393cb650");
}

TEST(S3Body, PartsJoinToTheWhole) {
  const std::vector<ByteView> pieces = {
      as_bytes("abc"), ByteView(), as_bytes("defgh"), as_bytes("i")};
  EXPECT_EQ(joined(part_of(pieces, 0, 9)), "abcdefghi");
  EXPECT_EQ(joined(part_of(pieces, 2, 3)), "cde");
  EXPECT_EQ(joined(part_of(pieces, 3, 5)), "defgh");
  EXPECT_EQ(joined(part_of(pieces, 8, 100)), "i");
  for (std::uint64_t size = 1; size <= 10; ++size) {
    std::string whole;
    for (std::uint64_t at = 0; at < 9; at += size) whole += joined(part_of(pieces, at, size));
    EXPECT_EQ(whole, "abcdefghi");
  }
}

}  // namespace
}  // namespace hikae
