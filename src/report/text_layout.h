// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hikae::report {

// Breaks a text into lines of at most `width` columns, each ended by a line break: at spaces, and
// between wide characters, but never before closing or behind opening punctuation. `first` begins
// the first line, as many spaces the others. A word that is too long stays whole.
std::string wrap(std::string_view text, std::string_view first, std::size_t width);

}  // namespace hikae::report
