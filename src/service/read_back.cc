// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>

#include "maintenance/check_packs.h"
#include "repository/tree_walk.h"
#include "service/run_parts.h"

namespace hikae {
namespace {

// Packs that are there with the size that the index says; asked of the destination once.
class StoredPacks {
 public:
  StoredPacks(OpenDestination& open, const StopToken& stop) {
    const auto files = list_packs(*open.repository, stop);
    open.index->for_each_pack([&](const format::IndexedPack& pack) {
      const auto file = files.find(pack.id);
      if (file != files.end() && file->second == expected_pack_size(pack.blobs))
        whole_.insert(pack.id);
    });
  }
  bool contains(const PackId& pack) const { return whole_.contains(pack); }

 private:
  std::unordered_set<PackId> whole_;
};

using NeededPacks = Guarded<std::unordered_set<PackId>>;

void require_stored(const OpenDestination& open,
                    const StoredPacks& packs,
                    format::BlobType type,
                    const BlobId& id,
                    NeededPacks& needed) {
  for (const BlobLocation& place : open.index->find_all(type, id)) {
    if (!packs.contains(place.pack)) continue;
    needed.lock()->insert(place.pack);
    return;
  }
  throw Error(ErrorCode::corrupt, text("service.read_back_lacks_blob", {{"blob", id.short_hex()}}))
      .with_hint(
          text("service.read_back_lacks_blob_hint", {{"destination", open.destination->name}}));
}

// The snapshot file, every tree below it, and for every blob an indexed pack that is there in full.
void prove(OpenDestination& open,
           const StoredPacks& packs,
           const SnapshotId& id,
           NeededPacks& needed,
           const StopToken& stop) {
  const format::Snapshot snapshot =
      format::decode_snapshot(open.repository->load_unpacked(FileType::snapshot, id.hex(), stop));
  TreeWalkHooks hooks;
  hooks.visit = [&](const BlobId& tree, const std::vector<format::Node>& nodes) {
    require_stored(open, packs, format::BlobType::tree, tree, needed);
    for (const format::Node& node : nodes) {
      for (const BlobId& blob : node.content)
        require_stored(open, packs, format::BlobType::data, blob, needed);
    }
  };
  walk_trees(*open.repository, *open.index, {snapshot.tree}, hooks, stop);
}

bool awaits_proof(const RunOutcome& outcome, const OpenDestination& open) {
  return outcome.destination == open.destination->name && outcome.snapshot && !outcome.read_back &&
         !outcome.failure;
}

void read_back_destination(RunContext& run, std::size_t number, const StopToken& stop) {
  OpenDestination& open = run.destinations[number];
  // Read anew from the destination: what is only in this process's memory proves nothing.
  open.index.emplace();
  open.index_files.clear();
  open.repository->update_index(*open.index, open.index_files, stop);
  const StoredPacks packs(open, stop);
  NeededPacks needed;
  for (RunOutcome& outcome : run.report.outcomes) {
    if (!awaits_proof(outcome, open)) continue;
    try {
      prove(open, packs, *outcome.snapshot, needed, stop);
      outcome.read_back = true;
    } catch (const Error& error) {
      outcome.failure = error;
    }
  }
  run.progress[number].needed.merge(*needed.lock());
}

void read_back_or_fail(RunContext& run, std::size_t number, const StopToken& stop) {
  OpenDestination& open = run.destinations[number];
  try {
    read_back_destination(run, number, stop);
  } catch (const Error& error) {
    open.failure = error;
    for (RunOutcome& outcome : run.report.outcomes) {
      if (outcome.destination == open.destination->name && !outcome.read_back)
        outcome.failure = error;
    }
  }
}

}  // namespace

// All destinations at once: each touches its own outcomes only.
void read_back(RunContext& run, const StopToken& stop) {
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    const OpenDestination& open = run.destinations[i];
    const auto& outcomes = run.report.outcomes;
    const bool has_new = std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& outcome) {
      return awaits_proof(outcome, open);
    });
    if (!open.is_good() || !has_new) continue;
    tasks.spawn("read-back",
                [&run, i](const StopToken& group) { read_back_or_fail(run, i, group); });
  }
  tasks.join();
}

}  // namespace hikae
