// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hikae {

// %41 is A (RFC 3986). Any byte may come out; nullopt for a % without two hex digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace hikae
