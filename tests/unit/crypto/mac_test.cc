// SPDX-License-Identifier: Apache-2.0
#include "crypto/mac.h"

#include <string>

#include <gtest/gtest.h>

namespace hikae {
namespace {

// RFC 4231, test cases 2 and 6 (a key longer than a block).
TEST(HmacSha256, MatchesPublishedVectors) {
  EXPECT_EQ(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(as_bytes(std::string(131, '\xaa')),
                        as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))
                .hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// RFC 1321, appendix A.5.
TEST(Md5, MatchesPublishedVectors) {
  Md5 empty;
  EXPECT_EQ(to_hex(empty.finish()), "d41d8cd98f00b204e9800998ecf8427e");
  Md5 pieces;
  pieces.update(as_bytes("message "));
  pieces.update(ByteView());
  pieces.update(as_bytes("digest"));
  EXPECT_EQ(to_hex(pieces.finish()), "f96b697d7cb7938d525a2f31aaf161d0");
}

}  // namespace
}  // namespace hikae
