// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_body.h"

#include <algorithm>

#include "base/base64.h"
#include "crypto/hash.h"
#include "crypto/mac.h"

namespace hikae {
namespace {

// Both sums take each block while it is in the processor's cache.
constexpr std::size_t kBlock = std::size_t{64} * 1024;

}  // namespace

BodySums sums_of(const std::vector<ByteView>& pieces) {
  Sha256 sha;
  Md5 md5;
  BodySums sums;
  for (const ByteView piece : pieces) {
    for (std::size_t at = 0; at < piece.size(); at += kBlock) {
      const ByteView block = piece.subspan(at, std::min(kBlock, piece.size() - at));
      sha.update(block);
      md5.update(block);
    }
    sums.size += piece.size();
  }
  const Md5::Sum sum = md5.finish();
  sums.sha256_hex = sha.finish().hex();
  sums.md5_hex = to_hex(sum);
  append_base64(sums.md5_base64, sum);
  return sums;
}

std::vector<ByteView> part_of(const std::vector<ByteView>& pieces,
                              std::uint64_t offset,
                              std::uint64_t size) {
  std::vector<ByteView> part;
  for (const ByteView piece : pieces) {
    if (size == 0) break;
    if (offset >= piece.size()) {
      offset -= piece.size();
      continue;
    }
    const std::uint64_t length = std::min<std::uint64_t>(size, piece.size() - offset);
    part.push_back(piece.subspan(offset, length));
    offset = 0;
    size -= length;
  }
  return part;
}

}  // namespace hikae
