// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/due.h"

namespace hikae::testing {

// The ledger in memory: what plan_due() is told, and what becomes of its plans.
class MemoryLedger {
 public:
  using Key = std::pair<std::string, Instant>;  // job and group, scheduled

  MemoryLedger(const policy::Policy& policy, Instant since)
      : policy_(policy), groups_(schedule_groups(policy)), since_(since) {}

  std::vector<GroupFacts> facts(Instant now) const {
    std::vector<GroupFacts> all;
    for (const ScheduleGroup& group : groups_) {
      GroupFacts facts{group, since_, std::nullopt, {}};
      // Open ones are among the newest: each tick settles all others.
      constexpr int kLooked = 3;
      const std::string name = name_of({group.job, group.group, now});
      auto at = slots_.upper_bound({name, now});
      for (int i = 0; i < kLooked && at != slots_.begin(); ++i) {
        --at;
        if (at->first.first != name) break;
        const SlotRecord& slot = at->second;
        if (!facts.last) facts.last = slot.id.scheduled;
        if (slot.state == SlotState::due || slot.state == SlotState::running)
          facts.open.push_back(slot);
      }
      all.push_back(std::move(facts));
    }
    return all;
  }

  DuePlan plan(Instant now) const { return plan_due(policy_, facts(now), now); }

  void save(const SlotRecord& slot) {
    slots_.insert_or_assign({name_of(slot.id), slot.id.scheduled}, slot);
  }
  void save(const std::vector<SlotRecord>& slots) {
    for (const SlotRecord& slot : slots) save(slot);
  }
  const std::map<Key, SlotRecord>& slots() const { return slots_; }
  const std::vector<ScheduleGroup>& groups() const { return groups_; }

 private:
  static std::string name_of(const SlotId& slot) { return slot.job + "/" + slot.group; }

  const policy::Policy& policy_;
  std::vector<ScheduleGroup> groups_;
  Instant since_;
  std::map<Key, SlotRecord> slots_;
};

inline policy::Policy policy_of(const std::string& zone, const std::string& backup) {
  policy::Policy policy;
  policy.name = "company";
  policy.timezone = zone;
  policy.schedule.backup = backup;
  policy.schedule.prune.clear();
  policy::Source source;
  source.name = "work";
  source.files = {"/work"};
  policy.sources.push_back(source);
  return policy;
}

}  // namespace hikae::testing
