// SPDX-License-Identifier: Apache-2.0
// Inside of the tick only: what it reads from the ledger, and how an unknown one begins.
#pragma once

#include "scheduler/tick.h"

namespace hikae {

// Makes the ledger know every schedule group. One that is new in a known policy begins now. A
// ledger that knows nothing of the policy learns from the repositories which slots have a
// generation; they count as done. Throws the first destination's Error when none can be read.
void ensure_groups(const TickContext& context,
                   const std::vector<ScheduleGroup>& groups,
                   const StopToken& stop);

// Gives up open slots of schedules that the policy does not have any more: nothing else would ever
// settle them.
void give_up_orphans(const TickContext& context,
                     const std::vector<ScheduleGroup>& groups,
                     DuePlan& plan);

std::vector<GroupFacts> read_facts(const TickContext& context,
                                   const std::vector<ScheduleGroup>& groups);

// Up to which moment the sources of a group are covered by what is in the repositories, as a set
// of snapshots of one or several destinations tells; nothing when there is none of them. Pure.
std::optional<Instant> covered_until(const ScheduleGroup& group,
                                     const std::vector<SnapshotRecord>& snapshots);

}  // namespace hikae
