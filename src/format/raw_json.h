// SPDX-License-Identifier: Apache-2.0
// Internal to format. The text of values that are kept verbatim; a DOM no longer has it.
#pragma once

#include <string_view>
#include <vector>

namespace hikae::format {

// For each element of the array `list` in the top-level object, the text of its member `member`;
// empty where it has none. Views point into `json`. REQUIRES: `json` is valid JSON; keys that are
// spelled with escapes are not recognised.
std::vector<std::string_view> raw_members(std::string_view json,
                                          std::string_view list,
                                          std::string_view member);

}  // namespace hikae::format
