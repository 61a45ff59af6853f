// SPDX-License-Identifier: Apache-2.0
// A check, prune or forget by hand stands in journal and log like one that was due.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "service/event.h"

namespace hikae::cli {

struct JobOutcome {
  int exit_code = 0;
  std::vector<DestinationResult> results;
  std::vector<ForgottenSnapshot> removed;
};

// As what it is recorded; the run is empty where it is not.
struct RecordedJob {
  std::string run;
  SlotId slot;
  const Environment& environment;  // what is said to its log stands in the log files
};

// Does the work, and returns its exit code. Where it is about a destination of the policy, it is
// recorded: begin, what came of it, and end, also when `work` throws. A repository that is named by
// -r has no policy, so nothing of it is recorded.
int record_job(const Session& session,
               const std::string& job,
               const std::function<JobOutcome(const RecordedJob&)>& work);

// The destination of the policy that the options name, or the only one; empty: neither.
std::string named_destination(const Session& session);

}  // namespace hikae::cli
