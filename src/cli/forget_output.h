// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/forget_plan.h"
#include "cli/prune_job.h"

namespace hikae::cli {

// Tables of what stays and what goes, each with its reasons; with --json restic's array.
void print_forget_plan(const Session& session, const ForgetPlan& plan, Effect effect);
void print_forget_end(const Session& session, std::size_t removed, Effect effect);

}  // namespace hikae::cli
