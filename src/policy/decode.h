// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "policy/document.h"
#include "policy/load.h"

namespace hikae::policy {

// Fills a policy from the tree by the table of keys. Every mistake is appended to `problems`; the
// policy is complete only if there is none.
Policy decode_policy(const YamlNode& root, std::vector<PolicyProblem>& problems);

}  // namespace hikae::policy
