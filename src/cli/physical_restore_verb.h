// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/restore_origin.h"
#include "cli/session.h"

namespace hikae::cli {

// The physical half of `hikae postgres restore`.
struct PhysicalRestoreRequest {
  std::string target;                       // the new data directory
  std::vector<std::string> tablespace_map;  // OLD=NEW
  bool dry_run = false;
};

// The snapshot's data directory and tablespaces: shows the plan, restores, verifies, says how to
// start it. Returns the exit code.
int restore_physically(const Session& session,
                       const RestoreOrigin& origin,
                       const SnapshotRecord& record,
                       const PhysicalRestoreRequest& request);

}  // namespace hikae::cli
