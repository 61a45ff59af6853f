// SPDX-License-Identifier: Apache-2.0
#include "backup/pipeline.h"

#include <algorithm>

#include "backup/stages.h"

namespace hikae {
namespace {

format::Snapshot describe(const Source& source,
                          const BackupState& state,
                          const format::Timestamp& end) {
  const Counters& counters = state.counters;
  const BlobWriterTotals totals = state.writer.totals();
  format::SnapshotSummary summary;
  summary.backup_start = state.plan.time;
  summary.backup_end = end;
  summary.files_new = counters.files_new;
  summary.files_changed = counters.files_changed;
  summary.files_unmodified = counters.files_unmodified;
  summary.dirs_new = counters.dirs_new;
  summary.dirs_changed = counters.dirs_changed;
  summary.dirs_unmodified = counters.dirs_unmodified;
  summary.data_blobs = totals.data_blobs;
  summary.tree_blobs = totals.tree_blobs;
  summary.data_added = totals.bytes;
  summary.data_added_packed = totals.bytes_packed;
  summary.total_files_processed = counters.files;
  summary.total_bytes_processed = counters.bytes;

  format::Snapshot snapshot;
  snapshot.time = state.plan.time;
  snapshot.tree = state.root;
  snapshot.paths = source.paths();
  snapshot.hostname = state.plan.identity.hostname;
  snapshot.username = state.plan.identity.username;
  snapshot.uid = state.plan.identity.uid;
  snapshot.gid = state.plan.identity.gid;
  snapshot.excludes = source.excludes();
  snapshot.tags = state.plan.tags;
  const std::uint64_t unreadable = state.errors.count() - state.errors.changed();
  if (unreadable > 0 && !state.plan.unreadable_tag_prefix.empty()) {
    snapshot.tags.push_back(state.plan.unreadable_tag_prefix + std::to_string(unreadable));
  }
  snapshot.program_version = state.plan.program_version;
  snapshot.summary = summary;
  return snapshot;
}

// A destination's own failure is its verdict and nobody else's.
std::vector<DestinationOutcome> seal_snapshots(BackupState& state,
                                               const format::Snapshot& snapshot,
                                               const Clock& clock,
                                               const StopToken& stop) {
  std::vector<DestinationOutcome> outcomes(state.targets.size());
  for (std::size_t i = 0; i < state.targets.size(); ++i) {
    DestinationOutcome& outcome = outcomes[i];
    outcome.bytes_stored = state.writer.bytes_stored(i);
    outcome.failure = state.writer.failure(i);
    if (outcome.failure) continue;
    if ((state.writer.detached() >> i & 1U) != 0) {
      outcome.state = DestinationOutcome::State::detached;
      outcome.unindexed = state.writer.take_unindexed(i);
      continue;
    }
    if ((state.incomplete.load() >> i & 1U) != 0) {
      outcome.state = DestinationOutcome::State::needs_catch_up;
      continue;
    }
    try {
      if (state.plan.write_snapshots)
        outcome.snapshot = seal_snapshot(state.targets[i], snapshot, stop);
      outcome.sealed = clock.now();
      outcome.state = DestinationOutcome::State::sealed;
    } catch (const Error& error) {
      outcome.failure = error;
    }
  }
  return outcomes;
}

void run_stages(Source& source, BackupState& state, const StopToken& stop) {
  state.folders.push(std::make_shared<Folder>(
      nullptr, 0, source.open_root(), ParentFolder{state.plan.parent_tree}));
  const std::size_t workers = state.plan.workers == 0 ? cpu_count() : state.plan.workers;
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < workers; ++i) {
    tasks.spawn("scan", [&](const StopToken& group) { scan_folders(state, group); });
    tasks.spawn("files", [&](const StopToken& group) { save_files(state, group); });
  }
  // Who reads stores, too, when nobody else is free; so these and the reader of a single large file
  // keep every processor busy, and one more would only hold memory.
  for (std::size_t i = 0; i < std::max<std::size_t>(1, workers - 1); ++i)
    tasks.spawn("chunks", [&](const StopToken& group) { save_chunks(state, group); });
  tasks.join();
}

format::Timestamp end_time(const Clock& clock, const BackupPlan& plan) {
  return format::to_timestamp(clock.now(), plan.time.offset);
}

}  // namespace

SnapshotId seal_snapshot(const BackupTarget& target,
                         format::Snapshot snapshot,
                         const StopToken& stop) {
  snapshot.parent = target.parent;
  // Without our lock somebody may be deleting what the snapshot refers to.
  if (target.lock != nullptr) target.lock->confirm(stop);
  return target.repository->save_snapshot(snapshot, stop);
}

//  folders ─▶ scan ─▶ files ─▶ read, cut ─▶ chunks ─▶ hash, compress, seal, pack ─▶ upload, per
//  destination
//    ▲         │ unchanged: taken from the parent unread          │
//    └ subfolders                    a folder's last entry stores its tree, then its own entry
//    above
BackupReport run_backup(Source& source,
                        const std::vector<BackupTarget>& targets,
                        const BackupPlan& plan,
                        const Clock& clock,
                        BackupProgress& progress,
                        Log& log,
                        const StopToken& stop) {
  std::vector<BlobTarget> stores;
  stores.reserve(targets.size());
  for (const BackupTarget& target : targets) stores.push_back({target.repository, target.index});
  BlobWriter writer(stores, plan.blobs, clock, stop);
  BackupState state(targets, plan, writer, progress, log);

  run_stages(source, state, stop);
  // The root's tree is known: every entry was read, taken from the parent, or reported.
  source.finish();
  // The source is whole as a whole.
  writer.finish();
  // In each destination that still works every stored blob is in a durable pack and in an index
  // file. Nothing refers to the root yet.
  state.parents.report_lost_content();
  BackupReport report;
  report.snapshot = describe(source, state, end_time(clock, plan));
  report.destinations = seal_snapshots(state, report.snapshot, clock, stop);
  // A destination without a snapshot holds nothing that refers to what it lacks.
  report.tree = state.root;
  report.summary = *report.snapshot.summary;
  report.item_errors = state.errors.take();
  report.item_error_count = state.errors.count();
  report.changed_count = state.errors.changed();
  return report;
}

}  // namespace hikae
