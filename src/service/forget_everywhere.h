// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "repository/snapshots.h"
#include "service/sync.h"

namespace hikae {

// What "forget ID" means for a policy with several destinations: the generation goes everywhere,
// whatever id its snapshot has there.
struct ForgetEverywhere {
  std::vector<SnapshotRecord> generations;            // one of the snapshots of each
  std::vector<std::vector<SnapshotRecord>> removals;  // for each destination
  // For each destination: generations that it does not hold. They are noted there too, so that no
  // sync brings them from a destination that is away at the moment.
  std::vector<std::vector<SnapshotRecord>> absent;
};

// Pure. `snapshots` of each destination; an id may be that of any of them, "latest" is the newest
// of all. Throws as find_snapshot().
ForgetEverywhere plan_forget_everywhere(const std::vector<std::vector<SnapshotRecord>>& snapshots,
                                        const std::vector<std::string>& names,
                                        const SnapshotFilter& filter);

}  // namespace hikae
