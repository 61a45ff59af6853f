// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <string>

#include <gtest/gtest.h>

namespace hikae {
namespace {

// FIPS 180-2, appendix B, and the empty message.
TEST(Sha256, MatchesPublishedVectors) {
  EXPECT_EQ(sha256(as_bytes("")).hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(as_bytes("abc")).hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(as_bytes(std::string(1'000'000, 'a'))).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheHashOfTheWhole) {
  const std::string whole(1000, 'x');
  for (const std::size_t cut : {0U, 1U, 63U, 64U, 65U, 999U, 1000U}) {
    Sha256 hash;
    hash.update(as_bytes(whole.substr(0, cut)));
    hash.update(as_bytes(whole.substr(cut)));
    EXPECT_EQ(hash.finish(), sha256(as_bytes(whole))) << cut;
  }
}

TEST(Sha256, StartsAnewAfterFinishAndSurvivesMoves) {
  Sha256 first;
  first.update(as_bytes("something"));
  first.finish();
  first.update(as_bytes("a"));
  Sha256 second = std::move(first);
  second.update(as_bytes("bc"));
  first = Sha256();
  EXPECT_EQ(second.finish(), sha256(as_bytes("abc")));
  EXPECT_EQ(first.finish(), sha256({}));
}

}  // namespace
}  // namespace hikae
