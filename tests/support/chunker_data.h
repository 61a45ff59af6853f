// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>

#include "base/bytes.h"
#include "chunker/rolling_hash.h"

namespace hikae::testing {

// The polynomial of restic/chunker's own documentation and tests: irreducible, degree 53.
inline constexpr Polynomial kKnownPolynomial = 0x3DA3358B4DC173;

inline Bytes pseudo_random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(engine() >> 24);
  }
  return bytes;
}

// Changes the three bytes before `length` so that a chunk may be cut there: the last three bytes go
// into the low 24 bits of the fingerprint as they are. REQUIRES: 64 <= length <= data.size().
inline void plant_cut(const chunking::Tables& tables, MutableByteView data, std::size_t length) {
  for (std::size_t i = 1; i <= 3; ++i) data[length - i] = 0;
  const std::uint64_t digest = tables.window_digest(data.data() + length);
  for (std::size_t i = 1; i <= 3; ++i) {
    data[length - i] = static_cast<std::uint8_t>(digest >> (8 * (i - 1)));
  }
}

}  // namespace hikae::testing
