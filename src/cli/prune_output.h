// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/session.h"
#include "maintenance/prune.h"

namespace hikae::cli {

// The plan with a reason for each kind of pack and the sums; with -v each pack that changes; with
// --json restic's summary object. `used` as in plan_prune().
void print_prune_plan(const Session& session,
                      const PrunePlan& plan,
                      const Index& index,
                      const std::vector<char>& used);

}  // namespace hikae::cli
