// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>

#include "service/own_snapshots.h"
#include "service/sync.h"

namespace hikae {
namespace {

using Holders = std::map<GenerationKey, std::vector<SyncStep::Holder>>;

Holders find_holders(const SyncRequest& request, const std::string& source) {
  Holders holders;
  for (std::size_t i = 0; i < request.holdings.size(); ++i) {
    const SyncHolding& holding = request.holdings[i];
    if (!holding.is_good) continue;
    for (const SnapshotRecord& record : holding.snapshots) {
      if (is_of_source(record.snapshot, source))
        holders[generation_of(record.snapshot)].push_back({i, record});
    }
  }
  return holders;
}

// What the destination's own retention says of each generation; empty: it has no rules, and keeps
// all.
std::map<std::string, policy::SnapshotDecision> decide(const SyncRequest& request,
                                                       const policy::Source& source,
                                                       const SyncHolding& holding,
                                                       const Holders& all) {
  std::map<std::string, policy::SnapshotDecision> decisions;
  const auto* rules = retention_of(request.policy, source, *holding.destination);
  if (rules == nullptr) return decisions;
  // What was dropped here is no part of the union: else it would take the place of one that stays.
  std::vector<SnapshotRecord> records;
  for (const auto& [generation, holders] : all) {
    if (!holding.forgotten.contains(generation)) records.push_back(holders.front().record);
  }
  for (auto& decision :
       plan_source_retention(request.policy, *rules, records, request.now).decisions)
    decisions.emplace(decision.id, std::move(decision));
  return decisions;
}

class DestinationPlanner {
 public:
  DestinationPlanner(const SyncRequest& request,
                     const policy::Source& source,
                     std::size_t number,
                     const Holders& all)
      : request_(request),
        source_(source),
        number_(number),
        holding_(request.holdings[number]),
        decisions_(decide(request, source, holding_, all)) {}

  SyncStep plan(const GenerationKey& generation,
                const std::vector<SyncStep::Holder>& holders) const {
    SyncStep step;
    step.source = source_.name;
    step.generation = generation;
    step.to = number_;
    choose(step, holders);
    if (step.action == SyncAction::copy) step.holders = in_order(holders);
    return step;
  }

 private:
  void choose(SyncStep& step, const std::vector<SyncStep::Holder>& holders) const {
    const auto set = [&](SyncAction action, Text reason) {
      step.action = action;
      step.reason = std::move(reason);
    };
    const bool is_here = std::any_of(
        holders.begin(), holders.end(), [&](const auto& holder) { return holder.from == number_; });
    if (is_here) return set(SyncAction::present, text("service.sync_present"));
    if (holding_.forgotten.contains(step.generation))
      return set(SyncAction::forgotten, text("service.sync_forgotten"));
    if (request_.made_now.contains(step.generation))
      return set(SyncAction::copy, text("service.sync_made_now"));
    const auto decision = decisions_.find(holders.front().record.id.hex());
    if (decision == decisions_.end())
      return set(SyncAction::copy, text("service.sync_no_retention"));
    const Text reason = decision->second.reasons.front().text;
    const bool kept = decision->second.decision == policy::Decision::keep;
    set(kept ? SyncAction::copy : SyncAction::not_kept, reason);
  }

  // Packs can be sent as they are where the key is the same.
  std::vector<SyncStep::Holder> in_order(std::vector<SyncStep::Holder> holders) const {
    const auto has_other_key = [&](const SyncStep::Holder& holder) {
      return request_.holdings[holder.from].key_group != holding_.key_group;
    };
    std::stable_sort(holders.begin(), holders.end(), [&](const auto& a, const auto& b) {
      return has_other_key(a) < has_other_key(b);
    });
    return holders;
  }

  const SyncRequest& request_;
  const policy::Source& source_;
  const std::size_t number_;
  const SyncHolding& holding_;
  const std::map<std::string, policy::SnapshotDecision> decisions_;
};

void plan_source(const SyncRequest& request, const policy::Source& source, SyncPlan& plan) {
  const Holders all = find_holders(request, source.name);
  for (std::size_t i = 0; i < request.holdings.size(); ++i) {
    if (!request.holdings[i].is_good || !request.holdings[i].is_target) continue;
    const DestinationPlanner planner(request, source, i, all);
    for (const auto& [generation, holders] : all)
      plan.steps.push_back(planner.plan(generation, holders));
  }
}

}  // namespace

GenerationKey generation_of(const format::Snapshot& snapshot) {
  return {format::to_instant(snapshot.time), snapshot.tree};
}

std::string_view to_string(SyncAction action) {
  switch (action) {
    case SyncAction::present:
      return "present";
    case SyncAction::copy:
      return "copy";
    case SyncAction::forgotten:
      return "forgotten";
    case SyncAction::not_kept:
      return "not_kept";
  }
  return "present";
}

bool SyncPlan::has_copies() const {
  return std::any_of(steps.begin(), steps.end(), [](const SyncStep& step) {
    return step.action == SyncAction::copy;
  });
}

SyncPlan plan_sync(const SyncRequest& request) {
  SyncPlan plan;
  for (const policy::Source* source : request.sources) plan_source(request, *source, plan);
  std::stable_sort(plan.steps.begin(), plan.steps.end(), [](const SyncStep& a, const SyncStep& b) {
    return a.generation.time > b.generation.time;
  });
  return plan;
}

}  // namespace hikae
