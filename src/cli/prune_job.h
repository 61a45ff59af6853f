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

// Fails at once, with Error{locked}, when somebody holds a lock that a deletion would have to wait
// for, unless --retry-lock tells to wait.
void require_no_conflict(const Session& session, const OpenedRepository& opened);

// Plans, prints, and with Effect::apply performs the plan: moves with the lock shared, then takes
// it exclusively for the removals, and waits for others then; the lock that `opened` holds
// afterwards is that one. `gone` are snapshots that a dry run of forget would have removed before.
// REQUIRES: with Effect::apply a lock. Throws Error when a snapshot cannot be read: what it needs
// is unknown.
void prune_and_report(const Session& session,
                      OpenedRepository& opened,
                      const PruneFlags& flags,
                      Effect effect,
                      const std::unordered_set<SnapshotId>& gone = {});

// Refuses what the policy's `may_delete: false` forbids for the destination that the options name,
// and a deletion without a lock. Throws Error.
void check_may_delete(const Session& session);

}  // namespace hikae::cli
