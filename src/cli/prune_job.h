// SPDX-License-Identifier: Apache-2.0
// The prune of "hikae prune" and of "hikae forget --prune".
#pragma once

#include <optional>
#include <string>
#include <unordered_set>

#include "cli/blob_options.h"
#include "cli/command_line.h"
#include "cli/session.h"
#include "maintenance/prune.h"

namespace hikae::cli {

struct PruneFlags {
  std::string max_unused = "5%";
  std::optional<std::string> max_repack_size;
  BlobOptions blobs;

  void add_to(Command& command);
  // Throws Error{invalid_argument}.
  PruneOptions resolve() const;
};

enum class Effect { dry_run, apply };

// Plans, prints, and with Effect::apply performs the plan. `gone` are snapshots that a dry run of
// forget would have removed before. REQUIRES: with Effect::apply the lock is exclusive. Throws
// Error when a snapshot cannot be read: what it needs is unknown.
void prune_and_report(const Session& session,
                      const OpenedRepository& opened,
                      const PruneFlags& flags,
                      Effect effect,
                      const std::unordered_set<SnapshotId>& gone = {});

// Refuses what the policy's `may_delete: false` forbids for the destination that the options name,
// and a deletion without a lock. Throws Error.
void check_may_delete(const Session& session);

}  // namespace hikae::cli
