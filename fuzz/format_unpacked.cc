// SPDX-License-Identifier: Apache-2.0
// Unpacked files, and zstd frames as a pack holds them: the first two bytes are the length that the
// index promises.
#include <cstdlib>

#include "base/error.h"
#include "format/compression.h"
#include "format/pack.h"

namespace {

void check(const hikae::Error& error) {
  if (error.code() != hikae::ErrorCode::corrupt) std::abort();
}

void unpacked(hikae::ByteView input) {
  try {
    const std::string json = hikae::format::decode_unpacked(input);
    if (hikae::format::decode_unpacked(hikae::format::encode_unpacked(json)) != json) std::abort();
  } catch (const hikae::Error& error) {
    check(error);
  }
}

void promised(hikae::ByteView input) {
  if (input.size() < 2) return;
  const std::size_t expected = input[0] | (std::size_t{input[1]} << 8);
  hikae::Bytes out;
  try {
    hikae::format::Decompressor().decompress(input.subspan(2), expected, out);
    if (out.size() != expected) std::abort();
  } catch (const hikae::Error& error) {
    check(error);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  unpacked({data, size});
  promised({data, size});
  return 0;
}
