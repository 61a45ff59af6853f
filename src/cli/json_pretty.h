// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hikae::cli {

// The same JSON with two spaces of indentation, as Go's MarshalIndent lays it out. REQUIRES: valid
// JSON.
std::string pretty_json(std::string_view json);

}  // namespace hikae::cli
