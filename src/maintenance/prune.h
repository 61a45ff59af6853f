// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
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
};

struct PruneItem {
  enum class Action { keep, remove, repack };
  enum class Reason {
    all_used,      // keep
    within_limit,  // keep: max_unused allows what is unused, or max_repack allows no more
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

struct PruneProgress {
  std::atomic<std::uint64_t> bytes_moved{0};
  std::atomic<std::uint64_t> packs_removed{0};
};

// Performs the plan in the one order that is safe at every moment: move used blobs into new packs
// (durable, indexed); write index files without the old packs; remove the old index files; remove
// the old packs. A kill in between leaves unused files, which the next prune removes. REQUIRES: the
// lock is exclusive and held since before the index and the snapshots were read.
void apply_prune(Repository& repository,
                 RepositoryLock& lock,
                 const Index& index,
                 const PrunePlan& plan,
                 const BlobWriterOptions& options,
                 const Clock& clock,
                 PruneProgress& progress,
                 const StopToken& stop);

}  // namespace hikae
