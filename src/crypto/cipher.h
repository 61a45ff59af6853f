// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/secret.h"

namespace hikae {

// The keys of restic's cipher (restic doc/design.rst, "Keys, Encryption and MAC"). Wiped when
// destroyed.
struct MasterKey {
  std::array<std::uint8_t, 32> encrypt{};  // AES-256
  std::array<std::uint8_t, 16> mac_k{};    // AES-128 key of Poly1305-AES
  std::array<std::uint8_t, 16> mac_r{};    // Poly1305's r; clamped on use, stored as it was found

  static MasterKey random();
  MasterKey() = default;
  MasterKey(const MasterKey&) = default;
  MasterKey& operator=(const MasterKey&) = default;
  ~MasterKey() { wipe(this, sizeof *this); }
  bool operator==(const MasterKey&) const = default;
};

// AES-256-CTR with Poly1305-AES over the ciphertext:
//   <sealed> ::= iv[16] ciphertext[n] tag[16]
// Thread-safe: any number of threads may seal and open with one Cipher.
class Cipher {
 public:
  static constexpr std::size_t kOverhead = 32;

  explicit Cipher(const MasterKey& key) : key_(key) {}

  // Appends the sealed form of `plaintext` (a fresh random iv) to `out`, opens it again from there
  // and compares, so that a bit flipped by memory or CPU is caught before it is stored. Throws
  // Error{corrupt} in that case.
  // `out` is as before if anything throws; `plaintext` must not lie in `out`.
  void seal(ByteView plaintext, Bytes& out) const;

  // Throws Error{corrupt} unless `sealed` opens to exactly `plaintext`; what seal() ends with.
  void verify(ByteView plaintext, ByteView sealed) const;

  // Returns the plaintext. Throws Error{corrupt} if `sealed` is too short, its tag is wrong or its
  // iv is all zero.
  Bytes open(ByteView sealed) const;
  // The same into a buffer of the caller's, which is resized; `out` must not overlap `sealed`.
  void open(ByteView sealed, Bytes& out) const;

  const MasterKey& key() const { return key_; }

 private:
  MasterKey key_;
};

// scrypt's cost. Bounded when read from a key file, so that a hostile repository cannot take all
// memory: N a power of two in [2^10, 2^20], r <= 32, p <= 64, and 128·N·r <= 1 GiB.
struct ScryptParameters {
  std::uint32_t n = 32768;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  bool operator==(const ScryptParameters&) const = default;
};

// scrypt to 64 bytes: encrypt[32] mac_k[16] mac_r[16]. Throws Error{invalid_argument} outside the
// bounds above.
MasterKey derive_key(const Secret& password, ByteView salt, const ScryptParameters& parameters);

// Never below N=32768, r=8, p=1; p is raised until the derivation takes about 500 ms here, as
// restic does.
ScryptParameters calibrate_scrypt();

}  // namespace hikae
