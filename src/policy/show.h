// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "policy/policy.h"

namespace hikae::policy {

// The policy as it is understood: every key in the order of the reference, defaults filled in,
// secrets as references only. Parsing the result gives an equal policy (but for the places). Keys
// that are unset and have no default are left out.
std::string policy_yaml(const Policy& policy);
std::string policy_json(const Policy& policy);

}  // namespace hikae::policy
