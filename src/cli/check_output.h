// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.h"
#include "maintenance/check.h"

namespace hikae::cli {

// What a check found: for people with a verdict at the end, with --json restic's summary object and
// our figures in it.
void print_check(const Session& session, const CheckReport& report);

}  // namespace hikae::cli
