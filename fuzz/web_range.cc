// SPDX-License-Identifier: Apache-2.0
// Any Range header with any size of a file: the part lies inside of the file.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "web/range.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t file_size = 0;
  if (size < sizeof file_size) return 0;
  std::memcpy(&file_size, data, sizeof file_size);
  const std::string_view header(reinterpret_cast<const char*>(data) + sizeof file_size,
                                size - sizeof file_size);
  using Kind = hikae::web::ByteRange::Kind;
  const auto range = hikae::web::parse_range(header, file_size);
  if (range.kind != Kind::part) return 0;
  const bool inside =
      range.length > 0 && range.offset < file_size && range.length <= file_size - range.offset;
  if (!inside) std::abort();
  return 0;
}
