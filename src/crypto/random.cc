// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <algorithm>

#include <openssl/rand.h>

#include "crypto/openssl.h"

namespace hikae {

void fill_random(MutableByteView out) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // RAND_bytes counts in int
  while (!out.empty()) {
    const std::size_t part = std::min(out.size(), kMost);
    openssl::check(RAND_bytes(out.data(), static_cast<int>(part)), "RAND_bytes");
    out = out.subspan(part);
  }
}

}  // namespace hikae
