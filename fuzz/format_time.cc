// SPDX-License-Identifier: Apache-2.0
// A time that is read is written so that it reads the same.
#include <cstdlib>

#include "base/bytes.h"
#include "format/time.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae::format;
  const auto time = parse_rfc3339(hikae::as_text({data, size}));
  // The offset may carry the instant into the years -1 and 10000, but never the local time.
  if (time && parse_rfc3339(to_rfc3339(*time)) != time) std::abort();
  return 0;
}
