// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "cli/session.h"
#include "journal/journal.h"
#include "scheduler/due.h"

namespace hikae::cli {

// A schedule group with its next times and what became of its last slot.
struct GroupView {
  ScheduleGroup group;
  std::vector<Instant> next;  // three, where there are as many
  std::optional<SlotRecord> last;
};
std::vector<GroupView> view_groups(const Session& session,
                                   const policy::Policy& policy,
                                   Journal& journal);

// "backup: last 2026-11-23 02:00:00 done, next 2026-11-24 02:00:00", a line for each group.
void say_slots(const Session& session, const policy::Policy& policy, Journal& journal);

// The failed and missed ones that nobody has acknowledged, newest first, and what to do then.
void say_unacknowledged(const Session& session,
                        const policy::Policy& policy,
                        const std::vector<SlotRecord>& slots);
// How many messages wait, and since when. `waiting` is oldest first.
void say_waiting(const Session& session,
                 const policy::Policy& policy,
                 const std::vector<Notice>& waiting);

}  // namespace hikae::cli
