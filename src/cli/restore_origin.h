// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/session.h"
#include "repository/snapshots.h"
#include "restore/fallback.h"

namespace hikae::cli {

// Where a restore takes its data from.
struct RestoreOrigin {
  OpenedRepository opened;
  std::vector<SnapshotRecord> snapshots;  // newest last
  std::string name;                       // the destination's, or the repository's place
  // The other destinations, where the options leave the choice; null where they name one.
  std::unique_ptr<FallbackBlobs> others;
};

// The repository that the options name; where they leave the choice among the policy's
// destinations, the nearest one that opens and whose snapshots `has_it` accepts: folders of this
// machine before what lies behind a network, then as the policy lists them. The rest stand in, blob
// by blob, and are opened only when needed. Why a nearer one does not serve is said as a warning,
// with what `has_it` throws too; one that has_it calls false is passed over. Throws Error when none
// serves: the only destination's own, or `lacking` when all could be read.
RestoreOrigin open_origin(const Session& session,
                          const std::function<bool(const std::vector<SnapshotRecord>&)>& has_it,
                          const Error& lacking);

// One snapshot and where it is read from.
struct ChosenSnapshot {
  RestoreOrigin origin;
  SnapshotRecord record;
};
// The snapshot `name` from the nearest destination that has it, chosen as open_origin does:
// "latest" among those that the filter takes, or an id, which the filter does not bind and which
// only one destination knows: each gives a generation an id of its own. Throws Error.
ChosenSnapshot open_snapshot(const Session& session,
                             const std::string& name,
                             const SnapshotFilter& filter);

// The filter for the generations of one source: by the policy's name too, where there is a policy.
SnapshotFilter source_filter(const Session& session, const std::string& source);

}  // namespace hikae::cli
