// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "journal/journal.h"
#include "policy/policy.h"
#include "repository/repository.h"

namespace hikae {

// The snapshots of one policy in one destination.
struct KnownSnapshots {
  std::string destination;
  std::vector<SnapshotRecord> snapshots;
};

// Tells the journal of the runs that sealed these snapshots, as far as the snapshots know: when,
// what, where, how much, how many unreadable items. Runs that it knows stay as they are. Returns
// how many were added.
std::size_t rebuild_journal(const policy::Policy& policy,
                            const std::vector<KnownSnapshots>& known,
                            Journal& journal);

// How many unreadable items the snapshot's tag admits.
std::uint64_t unreadable_items(const format::Snapshot& snapshot);

}  // namespace hikae
