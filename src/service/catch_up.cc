// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "service/run_parts.h"

namespace hikae {
namespace {

// One generation of a source, whatever id it has in each destination.
struct Generation {
  Instant time;
  BlobId tree;
  auto operator<=>(const Generation&) const = default;
};

Generation generation_of(const format::Snapshot& snapshot) {
  return {format::to_instant(snapshot.time), snapshot.tree};
}

struct Holder {
  std::size_t destination = 0;
  SnapshotRecord record;
};

std::map<Generation, Holder> all_generations(const RunContext& run, const std::string& source) {
  std::map<Generation, Holder> all;
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    for (const SnapshotRecord& record : run.snapshots[i]) {
      if (run.destinations[i].is_good() && is_of_source(record.snapshot, source)) {
        all.emplace(generation_of(record.snapshot), Holder{i, record});
      }
    }
  }
  return all;
}

// What somebody or a rule has dropped here must not come back.
std::set<Generation> forgotten_generations(OpenDestination& open, const StopToken& stop) {
  std::set<Generation> forgotten;
  std::vector<std::string> names;
  open.repository->backend().list(
      FileType::forgotten, [&](const FileInfo& file) { names.push_back(file.name); }, stop);
  for (const std::string& name : names) {
    forgotten.insert(generation_of(
        format::decode_snapshot(open.repository->load_unpacked(FileType::forgotten, name, stop))));
  }
  return forgotten;
}

// The ids of the generations that the destination's own retention, over the union, would keep.
std::set<std::string> wanted_ids(const RunContext& run,
                                 const policy::Source& source,
                                 std::size_t number,
                                 const std::map<Generation, Holder>& all) {
  std::vector<SnapshotRecord> records;
  for (const auto& [generation, holder] : all) records.push_back(holder.record);
  const auto* rules = retention_of(run.policy, source, *run.destinations[number].destination);
  std::set<std::string> wanted;
  if (rules == nullptr) {
    for (const SnapshotRecord& record : records) wanted.insert(record.id.hex());
    return wanted;
  }
  const Instant now = run.environment.clock.now();
  for (const auto& decision : plan_source_retention(run.policy, *rules, records, now).decisions) {
    if (decision.decision == policy::Decision::keep) wanted.insert(decision.id);
  }
  return wanted;
}

void copy_generation(RunContext& run,
                     const std::string& source,
                     const Holder& holder,
                     std::size_t to_number,
                     const StopToken& stop) {
  OpenDestination& from = run.destinations[holder.destination];
  OpenDestination& to = run.destinations[to_number];
  copy_tree(from, to, holder.record.snapshot.tree, run.environment, stop);
  format::Snapshot snapshot = holder.record.snapshot;
  // As restic's copy does: the id of its first incarnation stays findable.
  if (!snapshot.original) snapshot.original = holder.record.id;
  BackupTarget target;
  target.repository = to.repository.get();
  target.lock = to.lock.get();
  const SnapshotId id = seal_snapshot(target, snapshot, stop);
  run.snapshots[to_number].push_back({id, snapshot});
  run.report.caught_up.push_back({source,
                                  from.destination->name,
                                  to.destination->name,
                                  format::to_instant(snapshot.time),
                                  id});
}

void catch_up_destination(RunContext& run,
                          const policy::Source& source,
                          std::size_t number,
                          const std::map<Generation, Holder>& all,
                          const StopToken& stop) {
  std::set<Generation> present;
  for (const SnapshotRecord& record : run.snapshots[number])
    present.insert(generation_of(record.snapshot));
  const bool lacks_any = std::any_of(
      all.begin(), all.end(), [&](const auto& entry) { return !present.contains(entry.first); });
  if (!lacks_any) return;
  if (run.observer.phase) {
    run.observer.phase(text("service.phase_catch_up",
                            {{"destination", run.destinations[number].destination->name}}));
  }
  const std::set<Generation> forgotten = forgotten_generations(run.destinations[number], stop);
  const std::set<std::string> wanted = wanted_ids(run, source, number, all);
  for (auto entry = all.rbegin(); entry != all.rend(); ++entry) {  // newest first
    const auto& [generation, holder] = *entry;
    if (present.contains(generation) || forgotten.contains(generation)) continue;
    if (wanted.contains(holder.record.id.hex()))
      copy_generation(run, source.name, holder, number, stop);
  }
  std::sort(run.snapshots[number].begin(),
            run.snapshots[number].end(),
            [](const SnapshotRecord& a, const SnapshotRecord& b) {
              return generation_of(a.snapshot) < generation_of(b.snapshot);
            });
}

}  // namespace

void catch_up_earlier(RunContext& run, const StopToken& stop) {
  for (const policy::Source* source : run.sources) {
    const auto all = all_generations(run, source->name);
    for (std::size_t i = 0; i < run.destinations.size(); ++i) {
      if (!run.destinations[i].is_good()) continue;
      try {
        catch_up_destination(run, *source, i, all, stop);
      } catch (const Error& error) {
        // Today's generation does not depend on it; that an earlier one is still missing must be
        // said.
        run.report.frozen.push_back(text("service.catch_up_failed",
                                         {{"destination", run.destinations[i].destination->name},
                                          {"source", source->name},
                                          {"reason", error.what()}}));
      }
    }
  }
}

}  // namespace hikae
