// SPDX-License-Identifier: Apache-2.0
// A pack header that is read is written with the same bytes.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "format/pack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const hikae::ByteView header(data, size);
  try {
    const auto blobs = hikae::format::decode_pack_header(header);
    const hikae::Bytes again = hikae::format::encode_pack_header(blobs);
    if (!std::equal(again.begin(), again.end(), header.begin(), header.end())) std::abort();
  } catch (const hikae::Error& error) {
    if (error.code() != hikae::ErrorCode::corrupt) std::abort();
  }
  return 0;
}
