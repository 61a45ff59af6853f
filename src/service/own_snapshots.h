// SPDX-License-Identifier: Apache-2.0
// Which snapshots of a repository a policy may call its own, and what its retention makes of them.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"
#include "policy/retention.h"
#include "repository/snapshots.h"
#include "service/environment.h"

namespace hikae {

// The snapshots that this policy's retention and catch-up may touch: its tags, this host.
bool belongs_to(const format::Snapshot& snapshot,
                const policy::Policy& policy,
                const Environment& environment);
bool is_of_source(const format::Snapshot& snapshot, const std::string& source);

// The rules for one source in one destination: the source's own, else the destination's, else the
// policy's; nullptr when none is given, and then nothing is ever deleted.
const policy::RetentionRules* retention_of(const policy::Policy& policy,
                                           const policy::Source& source,
                                           const policy::Destination& destination);
policy::RetentionPlan plan_source_retention(const policy::Policy& policy,
                                            const policy::RetentionRules& rules,
                                            const std::vector<SnapshotRecord>& snapshots,
                                            Instant now);

}  // namespace hikae
