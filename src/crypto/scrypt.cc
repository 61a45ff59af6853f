// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <string>

#include "base/error.h"
#include "base/units.h"
#include "crypto/cipher.h"
#include "crypto/openssl.h"

namespace hikae {

namespace {

constexpr std::uint32_t kMinN = 1U << 10;
constexpr std::uint32_t kMaxN = 1U << 20;
constexpr std::uint32_t kMaxR = 32;
constexpr std::uint32_t kMaxP = 64;

bool within_bounds(const ScryptParameters& s) {
  if (s.n < kMinN || s.n > kMaxN || !std::has_single_bit(s.n)) return false;
  if (s.r < 1 || s.r > kMaxR || s.p < 1 || s.p > kMaxP) return false;
  // RFC 7914 wants N < 2^(16·r); it matters for r = 1 alone.
  if (s.r == 1 && s.n >= (1U << 16)) return false;
  return 128 * std::uint64_t{s.n} * s.r <= kGiB;
}

}  // namespace

MasterKey derive_key(const Secret& password, ByteView salt, const ScryptParameters& parameters) {
  const auto& [n, r, p] = parameters;
  if (!within_bounds(parameters)) {
    throw Error(
        ErrorCode::invalid_argument,
        text("crypto.scrypt_bounds",
             {{"n", std::to_string(n)}, {"r", std::to_string(r)}, {"p", std::to_string(p)}}));
  }
  // What OpenSSL allocates: p blocks to mix, N+2 blocks of memory. Its own limit is 32 MiB.
  const std::uint64_t memory = 128 * std::uint64_t{r} * (std::uint64_t{n} + 2 + p);
  static_assert(sizeof(MasterKey) == 64, "the order of the members is the order of the key stream");
  std::array<std::uint8_t, 64> stream{};
  const std::string& text_password = password.reveal();
  const int ok = EVP_PBE_scrypt(text_password.data(),
                                text_password.size(),
                                salt.data(),
                                salt.size(),
                                n,
                                r,
                                p,
                                memory,
                                stream.data(),
                                stream.size());
  openssl::check(ok, "EVP_PBE_scrypt");
  MasterKey key;
  std::copy_n(stream.begin(), 32, key.encrypt.begin());
  std::copy_n(stream.begin() + 32, 16, key.mac_k.begin());
  std::copy_n(stream.begin() + 48, 16, key.mac_r.begin());
  wipe(stream.data(), stream.size());
  return key;
}

ScryptParameters calibrate_scrypt() {
  using Time = std::chrono::steady_clock;
  constexpr std::chrono::duration<double> kGoal = std::chrono::milliseconds(500);
  constexpr std::array<std::uint8_t, 64> kSalt{};
  ScryptParameters parameters;
  const auto start = Time::now();
  derive_key(Secret("calibration"), kSalt, parameters);
  const std::chrono::duration<double> once = Time::now() - start;
  const double times = std::floor(kGoal / once);
  parameters.p = static_cast<std::uint32_t>(std::clamp(times, 1.0, double{kMaxP}));
  return parameters;
}

}  // namespace hikae
