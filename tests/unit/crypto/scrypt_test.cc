// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "crypto/cipher.h"
#include "support/hex.h"

namespace hikae {
namespace {

using testing::array_from_hex;

Secret secret(const char* text) {
  return Secret(std::string(text));
}

// RFC 7914, section 12.
TEST(Scrypt, MatchesPublishedVectors) {
  const MasterKey first = derive_key(secret("password"), as_bytes("NaCl"), {1024, 8, 16});
  EXPECT_EQ(first.encrypt,
            array_from_hex<32>("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"));
  EXPECT_EQ(first.mac_k, array_from_hex<16>("2eaf30d92e22a3886ff109279d9830da"));
  EXPECT_EQ(first.mac_r, array_from_hex<16>("c727afb94a83ee6d8360cbdfa2cc0640"));

  const MasterKey second =
      derive_key(secret("pleaseletmein"), as_bytes("SodiumChloride"), {16384, 8, 1});
  EXPECT_EQ(second.encrypt,
            array_from_hex<32>("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"));
  EXPECT_EQ(second.mac_k, array_from_hex<16>("d5432955613f0fcf62d49705242a9af9"));
  EXPECT_EQ(second.mac_r, array_from_hex<16>("e61e85dc0d651e40dfcf017b45575887"));
}

TEST(Scrypt, EmptyPasswordIsAPasswordToo) {
  const ScryptParameters cheap{1024, 1, 1};
  EXPECT_EQ(derive_key(Secret(), as_bytes("salt"), cheap),
            derive_key(secret(""), as_bytes("salt"), cheap));
  EXPECT_NE(derive_key(Secret(), as_bytes("salt"), cheap),
            derive_key(secret("x"), as_bytes("salt"), cheap));
}

TEST(Scrypt, RefusesParametersOutsideOfItsBounds) {
  const ScryptParameters refused[] = {
      {0, 8, 1},
      {1, 8, 1},
      {512, 8, 1},
      {1000, 8, 1},
      {32769, 8, 1},
      {1U << 21, 1, 1},
      {32768, 0, 1},
      {32768, 8, 0},
      {32768, 33, 1},
      {32768, 8, 65},
      {1U << 20, 16, 1},
      {1U << 19, 32, 1},
      {1U << 16, 1, 1},
      {1U << 31, 8, 1},
      {1024, 1U << 30, 64},
  };
  for (const ScryptParameters& parameters : refused) {
    try {
      derive_key(secret("x"), as_bytes("salt"), parameters);
      ADD_FAILURE() << parameters.n << ' ' << parameters.r << ' ' << parameters.p;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    }
  }
}

// More than the 32 MiB that OpenSSL permits unless told otherwise.
TEST(Scrypt, TakesTheMemoryThatItsParametersNeed) {
  EXPECT_NO_THROW(derive_key(secret("x"), as_bytes("salt"), {65536, 8, 1}));
}

TEST(Scrypt, CalibrationNeverGoesBelowTheDefault) {
  const ScryptParameters found = calibrate_scrypt();
  EXPECT_EQ(found.n, 32768U);
  EXPECT_EQ(found.r, 8U);
  EXPECT_GE(found.p, 1U);
  EXPECT_LE(found.p, 64U);
}

}  // namespace
}  // namespace hikae
