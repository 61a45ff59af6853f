// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/forget_plan.h"
#include "cli/logged_job.h"
#include "cli/prune_job.h"

namespace hikae::cli {

// Whether "forget" means all destinations of the policy: ids are given, and no place is.
bool is_everywhere(const Session& session, const ForgetRequest& request);

// Forgets the generations in every destination, and notes them where they are not held, so that no
// sync brings them back. Exit code 3 when a destination could not be reached or lets nothing be
// deleted; throws the first failure when that is so for all.
JobOutcome forget_everywhere(const Session& session, const ForgetRequest& request, Effect effect);

// What is recorded of a forget in one destination.
DestinationResult forgotten(const std::string& destination,
                            std::size_t count,
                            const std::optional<Error>& failure);

}  // namespace hikae::cli
