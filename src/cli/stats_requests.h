// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/session.h"

namespace hikae::cli {

// `hikae stats --requests`: what the runs of the policy asked of each destination, from the
// journal. `since` is a duration ("30d") that reaches back from now. Returns the exit code. Throws
// Error{invalid_argument} for a malformed duration, and what load_policy() throws.
int print_requests(const Session& session, const std::string& since);

}  // namespace hikae::cli
