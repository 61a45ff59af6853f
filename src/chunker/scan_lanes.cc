// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "chunker/rolling_hash.h"

namespace hikae::chunking {

namespace {

// Searches kLanes stretches of `stride` bytes, which follow each other from `from` on. All are
// searched to their end even after a hit, since an earlier stretch may still have one; the stride
// bounds that waste.
template <std::size_t kLanes>
Found search_stretches(const Tables& tables,
                       const std::uint8_t* data,
                       std::size_t from,
                       std::size_t stride) {
  constexpr std::size_t kNone = SIZE_MAX;
  std::array<std::uint64_t, kLanes> digest;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    digest[lane] = tables.window_digest(data + from + lane * stride);
  }
  std::size_t first = kNone;
  for (std::size_t i = 0; i < stride; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t at = from + lane * stride + i;
      digest[lane] = tables.roll(digest[lane], data[at], data[at - kChunkWindow]);
      if ((digest[lane] & kChunkMask) == 0) first = std::min(first, at + 1);
    }
  }
  return first == kNone ? Found() : Found(first);
}

}  // namespace

Found search_lanes(const Tables& tables,
                   const std::uint8_t* data,
                   std::size_t from,
                   std::size_t to) {
  constexpr std::size_t kLanes = 8;
  constexpr std::size_t kLongest = 8192;
  constexpr std::size_t kShortest = 128;  // below that, starting costs more than it brings
  while (to - from >= kLanes * kShortest) {
    const std::size_t stride = std::min((to - from) / kLanes, kLongest);
    if (const Found found = search_stretches<kLanes>(tables, data, from, stride)) return found;
    from += kLanes * stride;
  }
  return search_stretches<1>(tables, data, from, to - from);
}

}  // namespace hikae::chunking
