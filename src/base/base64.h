// SPDX-License-Identifier: Apache-2.0
// Base64 with the standard alphabet and padding (RFC 4648 §4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace hikae {

void append_base64(std::string& out, ByteView bytes);
// nullopt unless the whole text is padded base64; line breaks are refused, as nothing writes them.
std::optional<Bytes> parse_base64(std::string_view text);

}  // namespace hikae
