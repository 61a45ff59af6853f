// SPDX-License-Identifier: Apache-2.0
// The prune of "hikae prune" and of "hikae forget --prune".
#pragma once

#include <optional>
#include <string>

#include "cli/blob_options.h"
#include "cli/command_line.h"
#include "cli/logged_job.h"
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

// Plans, prints, and with Effect::apply performs the plan: the moves under whatever lock `opened`
// holds, then the removals under an exclusive one. An exclusive lock is kept from the first to the
// last where the moves are quick; where they are not, it is shared after a moment, so that others
// need not wait, and taken again, waiting for others, for the removals. `opened` holds the last of
// these locks afterwards. REQUIRES: with Effect::apply a lock, held since before the basis was
// read. Returns the bytes that were freed.
std::uint64_t prune_and_report(const Session& session,
                               OpenedRepository& opened,
                               const PruneFlags& flags,
                               Effect effect,
                               PruneBasis& basis);
// What is recorded of it.
DestinationResult pruned(const Session& session,
                         const OpenedRepository& opened,
                         std::uint64_t bytes_freed);

// Refuses what the policy's `may_delete: false` forbids for the destination that the options name,
// and a deletion without a lock. Throws Error.
void check_may_delete(const Session& session);

}  // namespace hikae::cli
