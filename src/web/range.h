// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace hikae::web {

// What a Range header (RFC 9110, section 14) asks of a file.
struct ByteRange {
  enum class Kind {
    whole,    // no header, or one that may be ignored: several ranges, another unit, malformed
    part,     // `length` bytes from `offset`; at least one, all inside of the file
    outside,  // the file has no such byte
  };
  Kind kind = Kind::whole;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const ByteRange&) const = default;
};

// `header` is the value, empty for none: "bytes=0-499", "bytes=500-", "bytes=-500".
ByteRange parse_range(std::string_view header, std::uint64_t file_size);

}  // namespace hikae::web
