// SPDX-License-Identifier: Apache-2.0
// Internal to storage. Bodies of uploads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace hikae {

// What the store compares an upload with.
struct BodySums {
  std::uint64_t size = 0;
  std::string sha256_hex;
  std::string md5_hex;
  std::string md5_base64;
};
BodySums sums_of(const std::vector<ByteView>& pieces);

// The part [offset, offset + size) of all pieces together, as views.
std::vector<ByteView> part_of(const std::vector<ByteView>& pieces,
                              std::uint64_t offset,
                              std::uint64_t size);

}  // namespace hikae
