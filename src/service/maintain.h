// SPDX-License-Identifier: Apache-2.0
// The policy's checks and prunes, in every destination.
#pragma once

#include <vector>

#include "service/environment.h"
#include "service/event.h"
#include "service/metrics.h"
#include "service/run.h"

namespace hikae {

struct MaintenanceOptions {
  LockOptions lock_options;
  // Every destination's packs are read a tenth at a time: `round` says which. Ten rounds in a row
  // read every byte.
  unsigned round = 0;
  std::vector<std::string> only;  // these destinations; empty: all. For a prune.
  std::string run;  // and slot: what the evidence of a check tells; empty: none is left
  SlotId slot;
};

// Checks each destination: its structure, and the bytes of a tenth of its packs. What is damaged is
// taken from the other destinations at once, where this host may delete (a bad file goes only after
// its good copy was verified), and looked at again. What was found is left there as evidence. One
// destination after another; the failure of one is its result. Throws Error for what concerns all
// of them, and Cancelled.
std::vector<DestinationResult> check_destinations(const policy::Policy& policy,
                                                  const MaintenanceOptions& options,
                                                  const Environment& environment,
                                                  const StopToken& stop);

// Frees what no snapshot needs, in each destination where this host may delete.
enum class PruneWhen {
  always,
  above_limit,  // only where more is unused than the policy's prune.max_unused
};
std::vector<DestinationResult> prune_destinations(const policy::Policy& policy,
                                                  PruneWhen when,
                                                  const MaintenanceOptions& options,
                                                  const Environment& environment,
                                                  const StopToken& stop);

// The room that was seen.
ObservedFigures observed_figures(const std::vector<DestinationResult>& results);

// What the journal says of a run with these results: nothing when all is well.
std::string problems_of(const std::vector<DestinationResult>& results, Language language);

// A result that an event should be made of: a failure, or something healed.
Verdict worst_of(const std::vector<DestinationResult>& results);

}  // namespace hikae
