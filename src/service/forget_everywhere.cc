// SPDX-License-Identifier: Apache-2.0
#include "service/forget_everywhere.h"

#include <algorithm>

namespace hikae {
namespace {

// All snapshots, or one of each generation, oldest first as load_snapshots() has them.
enum class Of { every_snapshot, each_generation };

std::vector<SnapshotRecord> join(const std::vector<std::vector<SnapshotRecord>>& snapshots, Of of) {
  std::vector<SnapshotRecord> joined;
  std::set<GenerationKey> seen;
  for (const auto& own : snapshots) {
    for (const SnapshotRecord& record : own) {
      const bool is_new = seen.insert(generation_of(record.snapshot)).second;
      if (is_new || of == Of::every_snapshot) joined.push_back(record);
    }
  }
  std::stable_sort(joined.begin(), joined.end(), [](const auto& a, const auto& b) {
    return format::to_instant(a.snapshot.time) < format::to_instant(b.snapshot.time);
  });
  return joined;
}

}  // namespace

ForgetEverywhere plan_forget_everywhere(const std::vector<std::vector<SnapshotRecord>>& snapshots,
                                        const std::vector<std::string>& names,
                                        const SnapshotFilter& filter) {
  ForgetEverywhere plan;
  std::set<GenerationKey> chosen;
  for (const std::string& name : names) {
    // "latest~1" counts generations, not their copies.
    const Of of = name.starts_with("latest") ? Of::each_generation : Of::every_snapshot;
    const std::vector<SnapshotRecord> all = join(snapshots, of);
    const SnapshotRecord& found = find_snapshot(all, name, filter);
    if (chosen.insert(generation_of(found.snapshot)).second) plan.generations.push_back(found);
  }
  for (const auto& own : snapshots) {
    std::set<GenerationKey> here;
    plan.removals.emplace_back();
    for (const SnapshotRecord& record : own) {
      if (!chosen.contains(generation_of(record.snapshot))) continue;
      here.insert(generation_of(record.snapshot));
      plan.removals.back().push_back(record);
    }
    plan.absent.emplace_back();
    for (const SnapshotRecord& record : plan.generations) {
      if (!here.contains(generation_of(record.snapshot))) plan.absent.back().push_back(record);
    }
  }
  return plan;
}

}  // namespace hikae
