// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/verdict.h"
#include "service/run.h"
#include "service/sync.h"

namespace hikae {

struct SyncRunOptions {
  std::vector<std::string> destinations;  // those that are to be completed; empty means all
  enum class Effect { dry_run, apply } effect = Effect::apply;
  LockOptions lock_options;
};

struct SyncReport {
  struct Destination {
    std::string name;
    std::optional<Error> failure;  // neither copied from nor to
  };
  std::vector<Destination> destinations;  // those of the policy; SyncStep::to is a number of these
  std::unique_ptr<const SyncPlan> plan;
  std::vector<SyncOutcome> outcomes;  // of each copy of the plan; empty for a dry run
  Verdict verdict = Verdict::failed;
};

// What the open destinations hold of the policy's generations; those named in `targets`, or all,
// are to be completed. A destination that cannot be read gets its failure.
SyncRequest make_sync_request(const policy::Policy& policy,
                              const std::vector<std::string>& targets,
                              std::vector<OpenDestination>& destinations,
                              const Environment& environment,
                              const StopToken& stop);

// ok when the destinations hold what the policy wants there, partial when some copy failed or some
// destination could not be opened. Pure.
Verdict judge(const SyncReport& report);

// Called between the decision and the copying.
using SyncPlanned = std::function<void(const SyncReport& report)>;

// Makes the destinations hold the generations that the policy wants there, and records in the
// journal what it copied, as a run of the job kSyncJob. Deletes nothing. Throws
// Error{invalid_argument} for an unknown name, Error{locked} while a run of the policy is under
// way, the first destination's failure when none can be opened, and Cancelled: what was copied
// until then is indexed and not copied again.
SyncReport run_sync(const policy::Policy& policy,
                    const SyncRunOptions& options,
                    const Environment& environment,
                    Journal& journal,
                    const RunObserver& observer,
                    const SyncPlanned& planned,
                    const StopToken& stop);

}  // namespace hikae
