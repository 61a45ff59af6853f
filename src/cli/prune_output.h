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

// What was done of the plan, and which packs stay after all and why. With --json an object only
// when something stayed, since restic has none here.
void print_prune_end(const Session& session, const PrunePlan& plan, const PruneRemovals& removals);

}  // namespace hikae::cli
