// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hikae::notify {

// How a value must be written where it stands.
enum class Escape {
  json,   // inside of a JSON string
  form,   // percent-encoded
  xml,    // & < > " '
  plain,  // as it is, without control characters but line breaks
};
// By a content type: "application/json; charset=utf-8" is json.
Escape escape_for(std::string_view content_type);
std::string escaped(std::string_view value, Escape escape);

// Fills {{name}}; blanks inside of the braces do not count. `value_of` gives nullopt for a name
// that it does not know: then Error{invalid_argument} names it. Pure.
std::string fill_template(
    std::string_view pattern,
    Escape escape,
    const std::function<std::optional<std::string>(const std::string& name)>& value_of);

// The names that a webhook's body may have, for messages and the manual.
const std::vector<std::string_view>& template_names();

}  // namespace hikae::notify
