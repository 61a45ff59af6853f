// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/text.h"

namespace hikae::policy {

// The JSON Schema (draft 2020-12) of the policy file, for editors; descriptions in `language`.
std::string policy_json_schema(Language language = Language::en);

// The reference of all keys in Markdown, as it stands in docs/manual/03-policy*.md.
std::string policy_reference(Language language);

}  // namespace hikae::policy
