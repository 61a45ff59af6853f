// SPDX-License-Identifier: Apache-2.0
// An index that is read can be written, and reads the same again.
#include <cstdlib>

#include "base/error.h"
#include "format/pack.h"

namespace {

std::vector<hikae::format::IndexedPack> decode(std::string_view json) {
  std::vector<hikae::format::IndexedPack> packs;
  hikae::format::decode_index(
      json, [&](hikae::format::IndexedPack&& pack) { packs.push_back(std::move(pack)); });
  return packs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto packs = decode(hikae::as_text({data, size}));
    if (decode(hikae::format::encode_index(packs)) != packs) std::abort();
  } catch (const hikae::Error& error) {
    if (error.code() != hikae::ErrorCode::corrupt) std::abort();
  }
  return 0;
}
