// SPDX-License-Identifier: Apache-2.0
#include "chunker/rolling_hash.h"

namespace hikae::chunking {

Tables::Tables(Polynomial polynomial) {
  for (std::size_t b = 0; b < 256; ++b) {
    const std::uint64_t top = std::uint64_t{b} << 53;
    mod[b] = remainder(top, polynomial) | top;
  }
  for (std::size_t b = 0; b < 256; ++b) {
    std::uint64_t digest = b;
    for (std::size_t i = 0; i < kChunkWindow; ++i) digest = append(digest, 0);
    out[b] = digest;
  }
}

std::uint64_t Tables::window_digest(const std::uint8_t* end) const {
  std::uint64_t digest = 0;
  for (const std::uint8_t* in = end - kChunkWindow; in != end; ++in) digest = append(digest, *in);
  return digest;
}

}  // namespace hikae::chunking
