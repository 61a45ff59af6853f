// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "maintenance/lost_packs.h"
#include "service/proof.h"
#include "service/run_parts.h"

namespace hikae {
namespace {

// The snapshot file, and all that it needs.
std::unordered_set<PackId> prove(OpenDestination& open,
                                 const SnapshotId& id,
                                 const StopToken& stop) {
  const format::Snapshot snapshot =
      format::decode_snapshot(open.repository->load_unpacked(FileType::snapshot, id.hex(), stop));
  return prove_tree(*open.repository, *open.index, snapshot.tree, open.destination->name, stop);
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
  leave_out_lost_packs(*open.repository, *open.index, stop);
  for (RunOutcome& outcome : run.report.outcomes) {
    if (!awaits_proof(outcome, open)) continue;
    try {
      run.progress[number].needed.merge(prove(open, *outcome.snapshot, stop));
      outcome.read_back = true;
    } catch (const Error& error) {
      outcome.failure = error;
    }
  }
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
