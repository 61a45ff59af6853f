// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hikae::postgres {

// The members of one JSON object that holds strings and whole numbers only, in their order; a
// number as its digits. nullopt for anything else. Pure.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_flat_json(
    std::string_view json);

}  // namespace hikae::postgres
