// SPDX-License-Identifier: Apache-2.0
// A key file that is read can be written, and is then written with the same bytes for ever.
#include <cstdlib>

#include "base/error.h"
#include "format/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae::format;
  try {
    const std::string json = encode(decode_key_file(hikae::as_text({data, size})));
    if (encode(decode_key_file(json)) != json) std::abort();
  } catch (const hikae::Error& error) {
    const bool is_expected =
        error.code() == hikae::ErrorCode::corrupt || error.code() == hikae::ErrorCode::unsupported;
    if (!is_expected) std::abort();
  }
  return 0;
}
