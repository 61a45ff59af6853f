// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "repository/lock.h"
#include "repository/snapshots.h"

namespace hikae {

// Deletes snapshot files, and nothing else: until a prune no data is lost, and a copy of each stays
// in hikae/forgotten/ as long. The lock is confirmed before each deletion. `forgotten` is called
// after each one, so that the caller can record it. REQUIRES: the lock is exclusive.
void apply_forget(Repository& repository,
                  RepositoryLock& lock,
                  const std::vector<SnapshotRecord>& snapshots,
                  const std::function<void(const SnapshotRecord&)>& forgotten,
                  const StopToken& stop);

// Notes in hikae/forgotten/ that a generation is not wanted here, although its snapshot does not
// stand here. Does nothing where the store has no such folder.
void note_forgotten(Repository& repository,
                    const format::Snapshot& snapshot,
                    const StopToken& stop);

}  // namespace hikae
