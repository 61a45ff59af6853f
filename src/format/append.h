// SPDX-License-Identifier: Apache-2.0
// Internal to format. Pieces of JSON text, appended without temporaries: a backup writes millions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace hikae::format {

void append_number(std::string& out, std::uint64_t number);
// Lower-case digits, as ids are written.
void append_hex(std::string& out, ByteView bytes);
// `member` is the text before the value, for example `,"uid":`.
void append_member(std::string& out, std::string_view member, std::uint64_t number);
// The same, left out when zero.
void append_nonzero(std::string& out, std::string_view member, std::uint64_t number);
// The same with a JSON string, left out when empty.
void append_nonempty(std::string& out, std::string_view member, std::string_view text);
// `"<64 digits>"`
template <typename Id>
void append_id(std::string& out, const Id& id) {
  out += '"';
  append_hex(out, id.bytes);
  out += '"';
}

}  // namespace hikae::format
