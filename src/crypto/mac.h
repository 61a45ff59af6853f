// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/id.h"

namespace hikae {

// HMAC with SHA-256 (RFC 2104). Thread-safe.
Digest hmac_sha256(ByteView key, ByteView message);

// MD5, piece by piece: not for security, but because S3 compares uploads by it. Not thread-safe.
class Md5 {
 public:
  using Sum = std::array<std::uint8_t, 16>;
  Md5();
  ~Md5();
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;
  void update(ByteView bytes);
  // Ends this sum. Call once.
  Sum finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hikae
