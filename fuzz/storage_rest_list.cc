// SPDX-License-Identifier: Apache-2.0
// Any answer in the place of a list: refused, or names that are names.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "storage/layout.h"
#include "storage/rest_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hikae::Bytes json(data, data + size);
  try {
    hikae::parse_rest_list(json, [](const hikae::RestListEntry& entry) {
      if (!hikae::is_file_name(entry.name)) std::abort();
    });
  } catch (const hikae::Error& error) {
    if (error.code() != hikae::ErrorCode::io) std::abort();
  }
  return 0;
}
