// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/units.h"
#include "repository/blob_writer.h"
#include "repository/lock.h"

namespace hikae {

struct PruneOptions {
  // How much of the data that stays may be unused, in percent of what is used (restic's default is
  // 5); 0 leaves nothing.
  double max_unused_percent = 5;
  std::optional<std::uint64_t> max_unused_bytes;  // instead of the percentage
  std::optional<std::uint64_t> max_repack_bytes;  // rewrite at most this much in one go
  std::unordered_set<PackId> spared;              // left as they are, whatever nothing uses in them
};

struct PruneItem {
  enum class Action { keep, remove, repack };
  enum class Reason {
    all_used,      // keep
    within_limit,  // keep: max_unused allows what is unused, or max_repack allows no more
    spared,        // keep: PruneBasis::spared names it
    not_indexed,   // remove: no index file names it; a killed run left it
    nothing_used,  // remove
    partly_used,   // repack
    mixed,         // repack: trees and data in one pack
    small,         // repack: joined with other small ones
  };
  PackId pack;
  Action action = Action::keep;
  Reason reason = Reason::all_used;
  std::uint64_t size = 0;
  std::uint64_t used_bytes = 0;
};

// What a prune will do, and why; --dry-run shows it.
struct PrunePlan {
  std::vector<PruneItem> items;  // every pack of the repository
  std::uint64_t bytes_total = 0;
  std::uint64_t bytes_used = 0;
  std::uint64_t bytes_unused = 0;     // in packs that stay or are repacked now, or are removed
  std::uint64_t bytes_to_remove = 0;  // whole packs
  std::uint64_t bytes_to_repack = 0;  // sealed bytes that move
  std::uint64_t bytes_freed = 0;      // by both
  std::uint64_t bytes_left_unused = 0;
  std::vector<BlobLocation> to_move;  // the used blobs of packs to repack, one place each
  bool changes_anything() const { return bytes_to_remove > 0 || bytes_to_repack > 0; }
};

// Decides from what is used; pure. `used[i]` is about blob number i of the index (Index::position).
PrunePlan plan_prune(const Index& index,
                     const std::map<PackId, std::uint64_t>& files,
                     const std::vector<char>& used,
                     const PruneOptions& options,
                     std::uint64_t pack_size);

// Flags of all blobs that the snapshots need. Throws Error{corrupt} when one is in no index, or its
// pack is missing or has the wrong size: then nothing may be deleted.
std::vector<char> find_used_blobs(Repository& repository,
                                  const Index& index,
                                  const std::map<PackId, std::uint64_t>& files,
                                  const std::vector<BlobId>& roots,
                                  const StopToken& stop);

// What a plan is made from, and what the end of the prune compares the repository with.
struct PruneBasis {
  std::unordered_set<SnapshotId> snapshots;  // all that were there, also those in `gone`
  Index index;
  std::unordered_set<std::string> index_files;  // those that `index` was read from
  std::map<PackId, std::uint64_t> packs;        // every pack file, indexed or not
  std::vector<char> used;                       // by number in the index
  std::map<PackId, Instant> stored;             // when, for packs whose store tells
  // Packs that somebody may be about to need; to be given to PruneOptions::spared.
  std::unordered_set<PackId> spared;
};

// Reads it, in the order in which backups that are under way cannot mislead: snapshots, then the
// index, then the packs, the reverse of how they are written. Where the store may list late
// (Backend::listing_lag()), packs that are younger are spared: what names them may not be listed
// yet. `gone` are snapshots to be left out.
// REQUIRES: a lock, shared or exclusive, since before. Throws Error{corrupt} when a snapshot cannot
// be read, since nobody knows what it needs, and what find_used_blobs() throws.
PruneBasis read_prune_basis(Repository& repository,
                            const std::unordered_set<SnapshotId>& gone,
                            const Clock& clock,
                            const StopToken& stop);

// Spares every pack that was stored since, or of which nobody knows when.
void spare_since(PruneBasis& basis, Instant since);

// Keeps what a copy that is still to come, or was interrupted, would send again: the blobs of
// `trees` that are there count as used, and of packs that no index names those that `from` holds
// are spared. `from` has all of the trees and is read only there. Throws Error when it cannot be
// read.
void keep_wanted(PruneBasis& basis,
                 Repository& from,
                 const Index& from_index,
                 const std::vector<BlobId>& trees,
                 const StopToken& stop);

struct PruneProgress {
  std::atomic<std::uint64_t> bytes_moved{0};
  std::atomic<std::uint64_t> packs_removed{0};
};

// A prune has two halves, so that others wait only for the second one, which is short.
//
// The first half moves used blobs into new packs, durable and indexed. It only adds, so backups go
// on meanwhile. A kill leaves blobs that lie twice, which the next prune tidies up. REQUIRES: a
// lock, shared or exclusive, since before the basis was read.
void apply_prune_moves(Repository& repository,
                       const PruneBasis& basis,
                       const PrunePlan& plan,
                       const BlobWriterOptions& options,
                       const Clock& clock,
                       PruneProgress& progress,
                       const StopToken& stop);

// A pack of the plan that stays after all.
struct PruneSpared {
  enum class Reason {
    needed_now,  // by a snapshot that was made since the plan, or what was moved out of it has gone
    indexed_now,  // no index named it then; a backup that was under way has finished
    gone_already,
  };
  PackId pack;
  std::uint64_t size = 0;
  Reason reason = Reason::needed_now;
};

// What the second half will do: the plan, corrected by what others did since.
struct PruneRemovals {
  std::vector<PruneItem> items;  // packs that go
  std::vector<PruneSpared> spared;
  std::uint64_t bytes_freed = 0;  // of items; what was moved has already been taken off
};

// The correction; pure. `index` is the basis's with everything since. `needed` are numbers in it of
// blobs that snapshots since the plan need, and of those that were moved, one place each; a pack
// stays when it is the only one left that holds such a blob. `present` are the packs that are there
// now. Throws Error{corrupt} when a needed blob is in no pack that is there, or when a pack that
// the plan keeps because it is used has gone.
PruneRemovals settle_removals(const PrunePlan& plan,
                              const Index& index,
                              const std::vector<std::uint32_t>& needed,
                              const std::map<PackId, std::uint64_t>& present);

// The second half. Reads every snapshot that is not in the basis (by its id: the time that it
// carries is when its backup began) and every index file since; keeps what those need, and what the
// first half moved if that has gone from where it was moved to; then, in the one order that is safe
// at every moment: writes index files without the packs that go, removes the old index files,
// removes the packs. A pack that was not there when the plan was made is never touched, whether an
// index names it or not: it belongs to somebody's unfinished work. A kill in between leaves unused
// files, which the next prune removes. Where the store may list late, all this waits until what was
// stored before the lock is listed (await_listing()). Throws Error, having deleted nothing, when an
// index file of the basis is gone: somebody else has pruned, and the plan is worth nothing.
// REQUIRES: the lock is exclusive.
PruneRemovals apply_prune_removals(Repository& repository,
                                   RepositoryLock& lock,
                                   PruneBasis& basis,
                                   const PrunePlan& plan,
                                   const Clock& clock,
                                   Log& log,
                                   PruneProgress& progress,
                                   const StopToken& stop);

}  // namespace hikae
