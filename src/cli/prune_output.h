// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/session.h"
#include "maintenance/prune.h"
#include "service/forgotten_records.h"

namespace hikae::cli {

// The plan with a reason for each kind of pack and the sums; with -v each pack that changes; with
// --json restic's summary object. `used` as in plan_prune().
void print_prune_plan(const Session& session,
                      const PrunePlan& plan,
                      const Index& index,
                      const std::vector<char>& used);

// What was done of the plan, and which packs stay after all and why. With --json an object only
// when something stayed, since restic has none here.
enum class PruneDone { nothing, something };
void print_prune_end(const Session& session, PruneDone done, const PruneRemovals& removals);

// Which records of forgotten generations go, and why; nothing when none does.
void print_needless_records(const Session& session, const std::vector<ForgottenRecord>& records);

}  // namespace hikae::cli
