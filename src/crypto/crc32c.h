// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace hikae {

// CRC-32C (Castagnoli), which finds accidents and no intent: what PostgreSQL writes into its backup
// manifests unless asked for more. Not thread-safe.
class Crc32c {
 public:
  void update(ByteView bytes);
  // Of all bytes until now: 0xe3069283 for "123456789".
  std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = ~std::uint32_t{0};
};

// The same from pieces in any order: the checksum of a whole is found from the exclusive or of its
// pieces' shares. Pure.
std::uint32_t crc32c_remainder(ByteView piece);
// The share of a piece behind which `bytes_behind` bytes of the whole follow.
std::uint32_t crc32c_share(std::uint32_t remainder, std::uint64_t bytes_behind);
std::uint32_t crc32c_of_shares(std::uint32_t shares, std::uint64_t size);

}  // namespace hikae
