// SPDX-License-Identifier: Apache-2.0
#include "health/status_last_run.h"

#include <algorithm>

#include "scheduler/due.h"

namespace hikae {
namespace {

// A check, a prune and a sync may each have been made since, by hand and often.
constexpr std::size_t kMostRuns = 1'000;
constexpr const char* kBackupJob = "backup";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_being_tried(const SlotRecord& slot) {
  return slot.state == SlotState::running || (slot.state == SlotState::due && slot.attempts > 0);
}

}  // namespace

bool is_tried_again(const policy::Policy& policy, const std::string& source, Journal& journal) {
  const std::vector<ScheduleGroup> groups = schedule_groups(policy);
  for (const SlotRecord& slot : journal.slots().open_slots(policy.name)) {
    if (slot.id.job != kBackupJob || !is_being_tried(slot)) continue;
    if (!slot.repeat.empty() && !contains(slot.repeat, source)) continue;
    for (const ScheduleGroup& group : groups) {
      if (group.job == kBackupJob && group.group == slot.id.group &&
          contains(group.sources, source))
        return true;
    }
  }
  return false;
}

std::optional<LastBackup> judge_last_backup(const std::string& policy, Journal& journal) {
  for (const RunRecord& run : journal.runs(policy, kMostRuns)) {
    if (run.slot.job != kBackupJob || !run.verdict) continue;
    if (*run.verdict != Verdict::failed || !journal.items(run.id).empty())
      return LastBackup{std::min(*run.verdict, Verdict::warning), run.started};
    const auto slot = journal.slots().find(policy, run.slot);
    const bool comes_again = slot && is_being_tried(*slot);
    return LastBackup{comes_again ? Verdict::warning : Verdict::failed, run.started};
  }
  return std::nullopt;
}

}  // namespace hikae
