// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "maintenance/prune.h"
#include "policy/policy.h"
#include "service/environment.h"

namespace hikae {

// Before a prune of one of the policy's destinations: what the next sync or catch-up would bring
// there is kept as far as it is there, so that a first copy that takes days, or was interrupted, is
// not sent again from its beginning. It is found by the plan of that sync, of what the destinations
// hold now; nothing has to be noted down. Where another destination cannot be read, nobody knows:
// then all that was stored in the last 30 days stays. Throws Cancelled, and Error for what concerns
// all destinations.
void keep_for_sync(const policy::Policy& policy,
                   const std::string& destination,
                   PruneBasis& basis,
                   const Environment& environment,
                   const StopToken& stop);

}  // namespace hikae
