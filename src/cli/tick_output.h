// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/session.h"
#include "scheduler/tick.h"

namespace hikae::cli {

// What a job came to; a backup's tables included.
void print_job(const Session& session, const policy::Policy& policy, const JobResult& result);
// What was missed or given up, and, unless --quiet, when something is due next.
void print_tick(const Session& session, const policy::Policy& policy, const TickReport& report);
// One object, with a line end.
std::string tick_to_json(const TickReport& report);

Text job_word(const std::string& job);
Text state_word(SlotState state);

}  // namespace hikae::cli
