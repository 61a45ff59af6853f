// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/session.h"

namespace hikae::cli {

// The page that restores without this machine, in the policy's language. It shows the password:
// only for standard output of a person who asked.
std::string recovery_sheet(const Session& session, const policy::Policy& policy);

}  // namespace hikae::cli
