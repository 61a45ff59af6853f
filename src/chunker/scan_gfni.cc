// SPDX-License-Identifier: Apache-2.0
// The fingerprint has 53 bits. Shifted left by three it fills seven bytes so that its top byte, the
// one that is reduced in each step, is a byte of its own. Byte k of 32 fingerprints is one vector,
// "plane" k, and a step for all 32 is, with the planes s0 … s6:
//   s'k = s(k-1) + MOD_k·s6 + OUT_k·gone + IN_k·in
// where the products are with 8×8 bit matrices, one instruction each.
#include <algorithm>
#include <bit>
#include <functional>

#include "chunker/rolling_hash.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HIKAE_GFNI 1
#include <immintrin.h>
#endif

namespace hikae::chunking {

#ifdef HIKAE_GFNI

namespace {

#define HIKAE_TARGET __attribute__((target("avx2,gfni")))
#define HIKAE_INLINE HIKAE_TARGET __attribute__((always_inline)) inline

constexpr std::size_t kLanes = 32;
constexpr std::size_t kTile = 16;  // bytes of each lane that are loaded at once
constexpr std::size_t kTilesPerWindow = kChunkWindow / kTile;
constexpr int kAlign = 3;  // the shift that makes 53 bits end at a byte
using Matrices = GfniSearch::Matrices;

// Byte `plane` of a linear function of bytes, as the instruction wants it: the row of output bit i
// is byte 7-i, and its bit j says whether input bit j counts.
GfniSearch::Matrix matrix(const std::function<std::uint64_t(std::uint8_t)>& function,
                          std::size_t plane) {
  std::uint64_t rows = 0;
  for (std::size_t j = 0; j < 8; ++j) {
    const std::uint64_t image = function(static_cast<std::uint8_t>(1U << j)) << kAlign;
    for (std::size_t i = 0; i < 8; ++i) {
      if ((image >> (8 * plane + i) & 1) != 0) rows |= std::uint64_t{1} << (8 * (7 - i) + j);
    }
  }
  return {rows, rows, rows, rows};
}

HIKAE_INLINE __m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

HIKAE_INLINE __m256i product(__m256i bytes, const GfniSearch::Matrix& by) {
  return _mm256_gf2p8affine_epi64_epi8(bytes, load(by.data()), 0);
}

struct Tile {
  __m256i column[kTile];  // the bytes of all lanes at one place
};

// Loads 16 bytes of each lane (lane i is `stride`·i further on) and turns them: four rounds of
// interleaving the first half of the rows with the second transpose a square of 16.
HIKAE_INLINE Tile load_tile(const std::uint8_t* from, std::size_t stride) {
  Tile rows;
  for (std::size_t i = 0; i < kTile; ++i) {
    const std::uint8_t* low = from + i * stride;
    const std::uint8_t* high = low + kTile * stride;
    rows.column[i] = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)),
        1);
  }
  for (int round = 0; round < 4; ++round) {
    Tile next;
    for (std::size_t i = 0; i < kTile / 2; ++i) {
      next.column[2 * i] = _mm256_unpacklo_epi8(rows.column[i], rows.column[i + kTile / 2]);
      next.column[2 * i + 1] = _mm256_unpackhi_epi8(rows.column[i], rows.column[i + kTile / 2]);
    }
    rows = next;
  }
  return rows;
}

struct Planes {
  __m256i s[GfniSearch::kPlanes];
};

HIKAE_INLINE Planes roll(const Matrices& m, const Planes& now, __m256i in, __m256i gone) {
  const __m256i top = now.s[6];
  Planes next;
  for (std::size_t k = 0; k < GfniSearch::kPlanes; ++k) {
    next.s[k] = _mm256_xor_si256(product(top, m.mod[k]), product(gone, m.out[k]));
    if (k > 0) next.s[k] = _mm256_xor_si256(next.s[k], now.s[k - 1]);
    if (k < 2) next.s[k] = _mm256_xor_si256(next.s[k], product(in, m.in[k]));
  }
  return next;
}

// 0xff for each lane whose fingerprint has zeroes under kChunkMask.
HIKAE_INLINE __m256i hits(const Planes& planes) {
  static_assert(kChunkMask << kAlign == 0x7ffff8);
  const __m256i low = _mm256_and_si256(planes.s[0], _mm256_set1_epi8(static_cast<char>(0xf8)));
  const __m256i high = _mm256_and_si256(planes.s[2], _mm256_set1_epi8(0x7f));
  const __m256i any = _mm256_or_si256(_mm256_or_si256(low, high), planes.s[1]);
  return _mm256_cmpeq_epi8(any, _mm256_setzero_si256());
}

// The first hit of one lane within a tile, byte by byte: this runs once in thousands of tiles.
std::size_t first_in_tile(const Tables& tables, const std::uint8_t* data, std::size_t from) {
  for (std::size_t length = from + 1; length <= from + kTile; ++length) {
    if (tables.cuts_before(data + length)) return length;
  }
  return SIZE_MAX;
}

// Searches 32 stretches of `stride` bytes (a multiple of a tile) that follow each other.
HIKAE_TARGET Found search_stretches(const Tables& tables,
                                    const Matrices& matrices,
                                    const std::uint8_t* data,
                                    std::size_t from,
                                    std::size_t stride) {
  const std::uint8_t* base = data + from;
  Tile window[kTilesPerWindow];
  Planes planes;
  for (__m256i& plane : planes.s) plane = _mm256_setzero_si256();
  for (std::size_t t = 0; t < kTilesPerWindow; ++t) {
    window[t] = load_tile(base - kChunkWindow + t * kTile, stride);
    for (const __m256i& in : window[t].column) {
      planes = roll(matrices, planes, in, _mm256_setzero_si256());
    }
  }
  std::size_t first = SIZE_MAX;
  for (std::size_t i = 0; i < stride; i += kTile) {
    Tile& oldest = window[i / kTile % kTilesPerWindow];
    const Tile newest = load_tile(base + i, stride);
    __m256i found = _mm256_setzero_si256();
    for (std::size_t j = 0; j < kTile; ++j) {
      planes = roll(matrices, planes, newest.column[j], oldest.column[j]);
      found = _mm256_or_si256(found, hits(planes));
    }
    oldest = newest;
    for (auto mask = static_cast<unsigned>(_mm256_movemask_epi8(found)); mask != 0;
         mask &= mask - 1) {
      const auto lane = static_cast<std::size_t>(std::countr_zero(mask));
      first = std::min(first, first_in_tile(tables, data, from + lane * stride + i));
    }
  }
  return first == SIZE_MAX ? Found() : Found(first);
}

}  // namespace

std::unique_ptr<const GfniSearch> GfniSearch::create(const Tables& tables) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("gfni")) return nullptr;
  return std::make_unique<const GfniSearch>(tables);
}

GfniSearch::GfniSearch(const Tables& tables) : tables_(tables) {
  constexpr std::uint64_t kBelowTop = (std::uint64_t{1} << 53) - 1;
  for (std::size_t k = 0; k < kPlanes; ++k) {
    matrices_.mod[k] = matrix([&](std::uint8_t b) { return tables.mod[b] & kBelowTop; }, k);
    matrices_.out[k] = matrix([&](std::uint8_t b) { return tables.out[b]; }, k);
  }
  for (std::size_t k = 0; k < 2; ++k) {
    matrices_.in[k] = matrix([](std::uint8_t b) { return std::uint64_t{b}; }, k);
  }
}

Found GfniSearch::search(const std::uint8_t* data, std::size_t from, std::size_t to) const {
  // An odd number of cache lines, so that the lanes do not all fall into the same few cache sets.
  constexpr std::size_t kLongest = std::size_t{49} * 64;
  constexpr std::size_t kShortest = 4 * kTile;
  while (to - from >= kLanes * kShortest) {
    const std::size_t stride = std::min((to - from) / kLanes / kTile * kTile, kLongest);
    if (const Found found = search_stretches(tables_, matrices_, data, from, stride)) return found;
    from += kLanes * stride;
  }
  return search_lanes(tables_, data, from, to);
}

#else

std::unique_ptr<const GfniSearch> GfniSearch::create(const Tables&) {
  return nullptr;
}

GfniSearch::GfniSearch(const Tables& tables) : tables_(tables), matrices_() {}

Found GfniSearch::search(const std::uint8_t* data, std::size_t from, std::size_t to) const {
  return search_lanes(tables_, data, from, to);
}

#endif

}  // namespace hikae::chunking
