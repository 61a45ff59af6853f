// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "policy/policy.h"
#include "survey/finding.h"
#include "survey/machine.h"

namespace hikae::survey {

// A warning for each database, volume, share, mount and home folder of the machine that no source
// of the policy covers. Pure.
std::vector<Finding> audit_coverage(const policy::Policy& policy, const Machine& machine);

}  // namespace hikae::survey
