// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/forget_plan.h"
#include "cli/prune_job.h"

namespace hikae::cli {

// Whether "forget" means all destinations of the policy: ids are given, and no place is.
bool is_everywhere(const Session& session, const ForgetRequest& request);

// Forgets the generations in every destination, and notes them where they are not held, so that no
// sync brings them back. Returns 3 when a destination could not be reached or lets nothing be
// deleted; throws the first failure when that is so for all.
int forget_everywhere(const Session& session, const ForgetRequest& request, Effect effect);

}  // namespace hikae::cli
