// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "chunker/chunker.h"
#include "chunker/polynomial.h"

// Inside of this module, and for its tests: several ways to search for the same cut.
//
// The fingerprint D of the last 64 bytes, read as a polynomial over GF(2) modulo P, rolls on as
//   D' = D·x^8 + in + out·x^512   (mod P)
// and depends on these 64 bytes alone. So a search may start anywhere, and several stretches of one
// buffer can be searched at once.
namespace hikae::chunking {

struct Tables {
  explicit Tables(Polynomial polynomial);

  std::array<std::uint64_t, 256> mod;  // t -> t·x^53 mod P + t·x^53: replaces the top byte of D·x^8
  std::array<std::uint64_t, 256> out;  // b -> b·x^512 mod P: what a byte that left the window adds

  std::uint64_t append(std::uint64_t digest, std::uint8_t in) const {
    return ((digest << 8) | in) ^ mod[digest >> 45];
  }
  std::uint64_t roll(std::uint64_t digest, std::uint8_t in, std::uint8_t gone) const {
    return append(digest, in) ^ out[gone];
  }
  // Of the 64 bytes that end before `end`.
  std::uint64_t window_digest(const std::uint8_t* end) const;
  bool cuts_before(const std::uint8_t* end) const { return (window_digest(end) & kChunkMask) == 0; }
};

// All searches: the smallest length in (from, to] at which the 64 bytes before data + length have
// a fingerprint with zeroes under kChunkMask; nullopt if there is none. REQUIRES: from >= 64.
using Found = std::optional<std::size_t>;

// Portable: eight stretches in turn, so that the processor need not wait for one table look-up
// before it begins the next.
Found search_lanes(const Tables& tables,
                   const std::uint8_t* data,
                   std::size_t from,
                   std::size_t to);

// 32 stretches at once, one byte of the fingerprint per vector, by the Galois field instructions of
// newer x86 processors. Null if this machine has none.
class GfniSearch {
 public:
  static std::unique_ptr<const GfniSearch> create(const Tables& tables);
  Found search(const std::uint8_t* data, std::size_t from, std::size_t to) const;

  // Multiplication by a fixed bit matrix, as VGF2P8AFFINEQB takes it, once for each 8 lanes.
  using Matrix = std::array<std::uint64_t, 4>;
  static constexpr std::size_t kPlanes = 7;
  struct Matrices {
    alignas(32) std::array<Matrix, kPlanes> mod;
    alignas(32) std::array<Matrix, kPlanes> out;
    alignas(32) std::array<Matrix, 2> in;
  };

  explicit GfniSearch(const Tables& tables);

 private:
  const Tables& tables_;
  Matrices matrices_;
};

}  // namespace hikae::chunking
