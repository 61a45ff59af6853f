// SPDX-License-Identifier: Apache-2.0
#include "service/rebuild_journal.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "repository/snapshots.h"

namespace hikae {
namespace {

struct RebuiltRun {
  RunRecord record;
  std::vector<RunItem> items;
};

bool is_run_id(const std::string& id) {
  return id.size() == 16 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

RunItem to_item(const SnapshotRecord& record,
                const std::string& source,
                const std::string& destination) {
  RunItem item;
  item.source = source;
  item.destination = destination;
  item.snapshot = record.id.hex();
  item.unreadable = unreadable_items(record.snapshot);
  item.verdict = item.unreadable > 0 ? Verdict::partial : Verdict::ok;
  if (const auto& summary = record.snapshot.summary) {
    item.files = summary->total_files_processed;
    item.bytes = summary->total_bytes_processed;
    item.bytes_stored = summary->data_added_packed;
  }
  return item;
}

// A run lasted at least from the first beginning to the last end of its snapshots.
void widen(RunRecord& run, const format::Snapshot& snapshot) {
  const bool timed = snapshot.summary && snapshot.summary->backup_end.seconds > 0;
  const Instant begin = format::to_instant(timed ? snapshot.summary->backup_start : snapshot.time);
  const Instant end = format::to_instant(timed ? snapshot.summary->backup_end : snapshot.time);
  if (!run.finished || begin < run.started) run.started = begin;
  if (!run.finished || end > *run.finished) run.finished = end;
  run.slot.scheduled = run.started;
}

void add(RebuiltRun& run,
         const std::string& id,
         const policy::Policy& policy,
         const SnapshotRecord& record,
         const std::string& source,
         const std::string& destination) {
  if (run.record.id.empty()) {
    run.record.id = id;
    run.record.policy = policy.name;
    run.record.slot.job = "backup";
    run.record.verdict = Verdict::ok;
    run.record.message = render(text("service_status.rebuilt_run"), policy.language);
  }
  widen(run.record, record.snapshot);
  run.items.push_back(to_item(record, source, destination));
  run.record.verdict = worse(*run.record.verdict, run.items.back().verdict);
}

}  // namespace

std::uint64_t unreadable_items(const format::Snapshot& snapshot) {
  const auto value = tag_value(snapshot, kUnreadableTag);
  if (!value) return 0;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), count);
  // A tag that says nothing readable still says that something was unreadable.
  return error == std::errc() && end == value->data() + value->size() ? count : 1;
}

std::size_t rebuild_journal(const policy::Policy& policy,
                            const std::vector<KnownSnapshots>& known,
                            Journal& journal) {
  std::map<std::string, RebuiltRun> runs;
  for (const KnownSnapshots& place : known) {
    for (const SnapshotRecord& record : place.snapshots) {
      const auto id = tag_value(record.snapshot, kRunTag);
      const auto source = tag_value(record.snapshot, kSourceTag);
      if (!id || !source || !is_run_id(*id)) continue;
      add(runs[*id], *id, policy, record, *source, place.destination);
    }
  }
  std::size_t added = 0;
  for (const auto& [id, run] : runs) {
    if (journal.record_run(run.record, run.items) == Journal::Recorded::added) ++added;
  }
  return added;
}

}  // namespace hikae
