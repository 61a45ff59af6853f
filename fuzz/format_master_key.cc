// SPDX-License-Identifier: Apache-2.0
// A master key that is read can be written, and is then written with the same bytes for ever.
#include <cstdlib>

#include "base/error.h"
#include "format/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae::format;
  try {
    const std::string json = encode(decode_master_key(hikae::as_text({data, size})));
    if (encode(decode_master_key(json)) != json) std::abort();
  } catch (const hikae::Error& error) {
    if (error.code() != hikae::ErrorCode::corrupt) std::abort();
  }
  return 0;
}
