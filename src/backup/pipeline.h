// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "repository/blob_writer.h"
#include "repository/lock.h"
#include "source/source.h"

namespace hikae {

// One destination of a backup.
struct BackupTarget {
  Repository* repository = nullptr;
  const Index* index = nullptr;
  RepositoryLock* lock =
      nullptr;  // confirmed before the snapshot; null where locking is switched off
  std::optional<SnapshotId> parent;  // this destination's own snapshot of the parent's generation
};

// What of a file's metadata may differ although its content is the same.
enum class ChangeDetection {
  strict,  // ctime, mtime, size, inode
  ignore_ctime,
  ignore_inode,  // inode and ctime, as restic's --ignore-inode does
  force_read,    // no file is taken from the parent unread
};

struct BackupPlan {
  std::optional<BlobId> parent_tree;
  ChangeDetection changes = ChangeDetection::strict;
  Identity identity;
  format::Timestamp time;  // the snapshot's
  std::vector<std::string> tags;
  // Added as PREFIX + number when items were unreadable (not for those that changed while read), so
  // that the repository itself tells; empty: never.
  std::string unreadable_tag_prefix;
  std::string program_version;
  BlobWriterOptions blobs;
  std::size_t workers = 0;  // 0: as many as CPUs
  int attempts_for_changing_file = 3;
  bool write_snapshots = true;  // false: --dry-run of the snapshot; blobs are stored all the same
};

// Counters for progress; written by the pipeline's threads, read by whoever shows them.
struct BackupProgress {
  std::atomic<std::uint64_t> files_found{0};
  std::atomic<std::uint64_t> bytes_found{0};
  std::atomic<std::uint64_t> files_done{0};
  std::atomic<std::uint64_t> bytes_done{0};
  std::atomic<std::uint64_t> errors{0};
};

struct DestinationOutcome {
  enum class State {
    sealed,          // packs, index and snapshot are durable
    needs_catch_up,  // all that was read is stored, but files taken from the parent unread lie only
                     // elsewhere
    detached,        // too slow for the others: it has part of what was read, see `unindexed`
    failed,
  };
  State state = State::failed;
  std::optional<SnapshotId> snapshot;
  std::optional<Instant> sealed;  // when its snapshot was durable
  std::optional<Error> failure;
  std::uint64_t bytes_stored = 0;
  // Packs that are durable there although no index names them: whoever completes a detached
  // destination writes that index first, so that nothing is sent twice.
  std::vector<format::IndexedPack> unindexed;
};

struct BackupReport {
  BlobId tree;
  format::Snapshot snapshot;  // as sealed, but for the parent, which is each destination's own
  format::SnapshotSummary summary;
  std::vector<DestinationOutcome> destinations;  // in the order of the targets
  std::vector<ItemError> item_errors;            // the first 1000
  std::uint64_t item_error_count = 0;            // all of them
  std::uint64_t changed_count = 0;  // of these, files that were stored but changed meanwhile
};

// Reads `source` once and stores it in every target. A failed item is data in the report; a failed
// target leaves the others good, and one that is too slow (LagRule) is left behind. Throws Error
// when the source fails as a whole or no target is left, Cancelled when stopped: then no snapshot
// was written. REQUIRES: at least one target.
BackupReport run_backup(Source& source,
                        const std::vector<BackupTarget>& targets,
                        const BackupPlan& plan,
                        const Clock& clock,
                        BackupProgress& progress,
                        Log& log,
                        const StopToken& stop);

// Writes the snapshot of a report to one target, with that target's parent. REQUIRES: the target's
// index now holds every blob that the snapshot refers to.
SnapshotId seal_snapshot(const BackupTarget& target,
                         format::Snapshot snapshot,
                         const StopToken& stop);

}  // namespace hikae
