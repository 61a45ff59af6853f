// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.h"

namespace hikae::cli {

// The guided restore on this terminal, from the repository that the options or the policy name.
// Returns the exit code; leaving the dialogue is 130 like any interruption.
int restore_guided(const Session& session);

}  // namespace hikae::cli
