// SPDX-License-Identifier: Apache-2.0
#include "service/newer_elsewhere.h"

#include <algorithm>

#include "format/time.h"
#include "repository/snapshots.h"

namespace hikae {
namespace {

// Months of daily runs.
constexpr std::size_t kMostRuns = 100;
constexpr std::size_t kMostDeletions = 1000;

bool is_deleted(const std::vector<DeletionRecord>& deletions, const RunItem& item) {
  return std::any_of(deletions.begin(), deletions.end(), [&](const DeletionRecord& deletion) {
    return deletion.destination == item.destination && deletion.snapshot == item.snapshot;
  });
}

}  // namespace

std::optional<NewerElsewhere> find_newer_elsewhere(const policy::Policy& policy,
                                                   Journal& journal,
                                                   const std::string& destination,
                                                   const format::Snapshot& held) {
  const auto source = tag_value(held, kSourceTag);
  const auto held_run = tag_value(held, kRunTag);
  if (!source || !held_run) return std::nullopt;
  const std::vector<DeletionRecord> deletions = journal.deletions(policy.name, kMostDeletions);
  const auto gives_it = [&](const RunItem& item) {
    return item.source == *source && item.destination != destination && !item.snapshot.empty() &&
           policy::find_destination(policy, item.destination) != nullptr &&
           !is_deleted(deletions, item);
  };
  for (const RunRecord& run : journal.runs(policy.name, kMostRuns)) {
    // Copies are told under the runs that brought them, too; those made nothing new.
    if (run.slot.job == kSyncJob) continue;
    if (run.id == *held_run || run.started <= format::to_instant(held.time)) break;
    const std::vector<RunItem> items = journal.items(run.id);
    const auto found = std::find_if(items.begin(), items.end(), gives_it);
    if (found != items.end()) return NewerElsewhere{*source, found->destination, run.started};
  }
  return std::nullopt;
}

}  // namespace hikae
