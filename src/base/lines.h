// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace hikae {

// The lines of a text without their ends ("\n" or "\r\n"); empty ones too, but none behind the last
// end. They point into `text`.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace hikae
