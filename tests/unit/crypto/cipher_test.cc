// SPDX-License-Identifier: Apache-2.0
#include "crypto/cipher.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "concurrency/task_group.h"
#include "crypto/random.h"
#include "support/hex.h"

namespace hikae {
namespace {

using testing::array_from_hex;
using testing::from_hex;

Bytes random_bytes(std::size_t size) {
  Bytes bytes(size);
  fill_random(bytes);
  return bytes;
}

void expect_corrupt(const Cipher& cipher, ByteView sealed, const std::string& key) {
  try {
    cipher.open(sealed);
    ADD_FAILURE() << "was opened; expected " << key;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_EQ(error.message().key, key);
  }
}

struct MacVector {
  const char* message;
  const char* r;
  const char* k;
  const char* nonce;
  const char* tag;
};

// D. J. Bernstein, "The Poly1305-AES message-authentication code", appendix B. The message takes
// the place of the ciphertext.
const MacVector kMacVectors[] = {
    {"f3f6",
     "851fc40c3467ac0be05cc20404f3f700",
     "ec074c835580741701425b623235add6",
     "fb447350c4e868c52ac3275cf9d4327e",
     "f4c633c3044fc145f84f335cb81953de"},
    {"",
     "a0f3080000f46400d0c7e9076c834403",
     "75deaa25c09f208e1dc4ce6b5cad3fbf",
     "61ee09218d29b0aaed7e154a2c5509cc",
     "dd3fab2251f11ac759f0887129cc2ee7"},
    {"663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136",
     "48443d0bb0d21109c89a100b5ce2c208",
     "6acb5f61a7176dd320c5c1eb2edcdc74",
     "ae212a55399729595dea458bc621ff0e",
     "0ee1c16bb73f0f4fd19881753c01cdbe"},
    {"ab0812724a7f1e342742cbed374d94d136c6b8795d45b3819830f2c04491faf0"
     "990c62e48b8018b2c3e4a0fa3134cb67fa83e158c994d961c4cb21095c1bf9",
     "12976a08c4426d0ce8a82407c4f48207",
     "e1a5668a4d5b66a5f68cc5424ed5982d",
     "9ae831e743978d3a23527c7128149e3a",
     "5154ad0d2cb26e01274fc51148491f1b"},
};

TEST(Cipher, AuthenticatesWithPoly1305Aes) {
  for (const MacVector& vector : kMacVectors) {
    MasterKey key;
    key.mac_r = array_from_hex<16>(vector.r);
    key.mac_k = array_from_hex<16>(vector.k);
    const Bytes sealed =
        from_hex(std::string(vector.nonce) + std::string(vector.message) + vector.tag);
    EXPECT_EQ(Cipher(key).open(sealed).size(), sealed.size() - Cipher::kOverhead);
  }
}

// Key files hold r clamped or not, as the restic was that wrote them; both forms are one key.
TEST(Cipher, ClampsRWhenItIsUsed) {
  const MacVector& vector = kMacVectors[2];
  MasterKey key;
  key.mac_r = array_from_hex<16>(vector.r);
  key.mac_k = array_from_hex<16>(vector.k);
  for (const std::size_t i : {3U, 7U, 11U, 15U}) key.mac_r[i] |= 0xf0;
  for (const std::size_t i : {4U, 8U, 12U}) key.mac_r[i] |= 0x03;
  const Bytes sealed =
      from_hex(std::string(vector.nonce) + std::string(vector.message) + vector.tag);
  EXPECT_NO_THROW(Cipher(key).open(sealed));
}

// NIST SP 800-38A, F.5.5 (CTR-AES256.Encrypt). With r = 0 the tag is AES-128_k(iv), which F.5.1
// gives as its first output block.
TEST(Cipher, EncryptsWithAes256Ctr) {
  MasterKey key;
  key.encrypt =
      array_from_hex<32>("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  key.mac_k = array_from_hex<16>("2b7e151628aed2a6abf7158809cf4f3c");
  const Bytes sealed = from_hex(
      "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
      "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
      "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
      "ec8cdf7398607cb0f2d21675ea9ea1e4");
  const Bytes plaintext = from_hex(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  EXPECT_EQ(Cipher(key).open(sealed), plaintext);
  EXPECT_NO_THROW(Cipher(key).verify(plaintext, sealed));
}

// The whole iv counts, not its last 32 or 64 bits: after ff…ff comes 00…00, whose AES-256 image
// under the zero key is published (GCM test case 13: H). The tag is AES-128 of ff…ff under the
// zero key (NIST VarTxt128).
TEST(Cipher, CounterWrapsOver128Bits) {
  const Bytes sealed = from_hex(
      "ffffffffffffffffffffffffffffffff"
      "0000000000000000000000000000000000000000000000000000000000000000"
      "3f5b8cc9ea855a0afa7347d23e8d664e");
  const Bytes stream = Cipher(MasterKey()).open(sealed);
  EXPECT_EQ(to_hex(ByteView(stream).last(16)), "dc95c078a2408989ad48a21492842087");
}

TEST(Cipher, OpensWhatItSealed) {
  const Cipher cipher(MasterKey::random());
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 300U, 16383U, 16384U, 16385U, 3U << 20}) {
    const Bytes plaintext = random_bytes(size);
    Bytes sealed = to_bytes("before");
    cipher.seal(plaintext, sealed);
    ASSERT_EQ(sealed.size(), 6 + size + Cipher::kOverhead);
    EXPECT_EQ(as_text(ByteView(sealed).first(6)), "before");
    Bytes opened = to_bytes("is replaced");
    cipher.open(ByteView(sealed).subspan(6), opened);
    EXPECT_EQ(opened, plaintext) << size;
  }
}

TEST(Cipher, NeverUsesAnIvTwice) {
  const Cipher cipher(MasterKey::random());
  std::set<std::string> ivs;
  for (int i = 0; i < 1000; ++i) {
    Bytes sealed;
    cipher.seal({}, sealed);
    ivs.insert(to_hex(ByteView(sealed).first(16)));
  }
  EXPECT_EQ(ivs.size(), 1000U);
}

TEST(Cipher, NoticesEveryFlippedBit) {
  const Cipher cipher(MasterKey::random());
  Bytes sealed;
  cipher.seal(as_bytes("a small message of 32 bytes, yes"), sealed);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes flipped = sealed;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    expect_corrupt(cipher, flipped, "crypto.wrong_tag");
  }
}

TEST(Cipher, RefusesWhatIsTooShort) {
  const Cipher cipher(MasterKey::random());
  Bytes sealed;
  cipher.seal({}, sealed);
  for (std::size_t size = 0; size < Cipher::kOverhead; ++size) {
    expect_corrupt(cipher, ByteView(sealed).first(size), "crypto.too_short");
  }
  cipher.seal(as_bytes("more"), sealed);
  expect_corrupt(cipher, ByteView(sealed).first(Cipher::kOverhead + 1), "crypto.wrong_tag");
}

// Even if its tag is right: AES-128 of zeroes under the zero key.
TEST(Cipher, RefusesAZeroIv) {
  const Bytes sealed =
      from_hex("00000000000000000000000000000000 aabb 66e94bd4ef8a2c3b884cfa59ca342b2e");
  expect_corrupt(Cipher(MasterKey()), sealed, "crypto.zero_iv");
}

TEST(Cipher, RefusesAnotherKey) {
  const MasterKey key = MasterKey::random();
  Bytes sealed;
  Cipher(key).seal(as_bytes("text"), sealed);
  MasterKey other = key;
  other.mac_k[0] ^= 1;
  expect_corrupt(Cipher(other), sealed, "crypto.wrong_tag");
  EXPECT_NO_THROW(Cipher(key).open(sealed));
}

TEST(Cipher, VerifyFindsAnyDifference) {
  const Cipher cipher(MasterKey::random());
  const Bytes plaintext = random_bytes(40000);
  Bytes sealed;
  cipher.seal(plaintext, sealed);
  EXPECT_NO_THROW(cipher.verify(plaintext, sealed));

  for (const std::size_t at : {0U, 16383U, 16384U, 39999U}) {
    Bytes damaged = plaintext;
    damaged[at] ^= 0x10;
    EXPECT_THROW(cipher.verify(damaged, sealed), Error) << at;
  }
  for (const std::size_t at : {0U, 16U, 40015U, 40016U, 40031U}) {
    Bytes damaged = sealed;
    damaged[at] ^= 0x10;
    EXPECT_THROW(cipher.verify(plaintext, damaged), Error) << at;
  }
  EXPECT_THROW(cipher.verify(ByteView(plaintext).first(39999), sealed), Error);
  EXPECT_THROW(cipher.verify(plaintext, ByteView(sealed).first(31)), Error);
}

TEST(Cipher, ManyThreadsShareOneAndUseSeveral) {
  const Cipher shared(MasterKey::random());
  TaskGroup group{StopToken()};
  std::vector<int> good(4, 0);
  for (int& count : good) {
    group.spawn("seal", [&shared, &count](const StopToken&) {
      const Cipher own(MasterKey::random());
      for (std::size_t i = 0; i < 200; ++i) {
        const Bytes plaintext(i * 7, static_cast<std::uint8_t>(i));
        const Cipher& cipher = i % 2 == 0 ? shared : own;
        Bytes sealed;
        cipher.seal(plaintext, sealed);
        if (cipher.open(sealed) == plaintext) ++count;
      }
    });
  }
  group.join();
  EXPECT_THAT(good, ::testing::Each(200));
}

TEST(MasterKey, RandomKeysDiffer) {
  const MasterKey a = MasterKey::random();
  const MasterKey b = MasterKey::random();
  EXPECT_NE(a.encrypt, b.encrypt);
  EXPECT_NE(a.mac_k, b.mac_k);
  EXPECT_NE(a.mac_r, b.mac_r);
}

}  // namespace
}  // namespace hikae
