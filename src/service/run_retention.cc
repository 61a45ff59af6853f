// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "maintenance/forget.h"
#include "service/run_parts.h"
#include "service/validate_logs.h"

namespace hikae {
namespace {

using policy::Decision;

const RunOutcome* find_outcome(const RunContext& run,
                               const std::string& source,
                               const std::string& destination) {
  for (const RunOutcome& outcome : run.report.outcomes) {
    if (outcome.source == source && outcome.destination == destination) return &outcome;
  }
  return nullptr;
}

struct Removal {
  const policy::Source* source = nullptr;
  SnapshotRecord record;
  policy::RetentionReason reason;
};

// The last count stands: the plan is made anew once the exclusive lock is held.
void note_kept(RunContext& run,
               const policy::Source& source,
               const policy::Destination& destination,
               std::size_t count) {
  std::vector<KeptGenerations>& kept = run.report.kept;
  const auto found = std::find_if(kept.begin(), kept.end(), [&](const KeptGenerations& known) {
    return known.source == source.name && known.destination == destination.name;
  });
  if (found == kept.end()) {
    kept.push_back({source.name, destination.name, count});
  } else {
    found->count = count;
  }
}

std::vector<SnapshotRecord> generations_of(const RunContext& run,
                                           const policy::Source& source,
                                           const std::vector<SnapshotRecord>& snapshots) {
  std::vector<SnapshotRecord> own;
  for (const SnapshotRecord& record : snapshots) {
    if (belongs_to(record.snapshot, run.policy, run.environment) &&
        is_of_source(record.snapshot, source.name)) {
      own.push_back(record);
    }
  }
  return own;
}

// What goes, of all sources in one destination. A source without a good new generation here keeps
// all it has.
std::vector<Removal> plan_removals(RunContext& run,
                                   const policy::Destination& destination,
                                   const std::vector<SnapshotRecord>& snapshots) {
  std::vector<Removal> removals;
  for (const policy::Source* source : run.sources) {
    const std::vector<SnapshotRecord> own = generations_of(run, *source, snapshots);
    note_kept(run, *source, destination, own.size());
    const policy::RetentionRules* rules = retention_of(run.policy, *source, destination);
    if (rules == nullptr) continue;
    const RunOutcome* outcome = find_outcome(run, source->name, destination.name);
    // A destination that is still being filled has no good new generation either.
    if (outcome == nullptr || outcome->verdict == Verdict::failed || !outcome->read_back) {
      run.report.frozen.push_back(
          text("service.deletion_frozen",
               {{"source", source->name}, {"destination", destination.name}}));
      continue;
    }
    if (run.anomalies.contains(source->name) ||
        is_frozen_by_anomaly(run.journal, run.policy.name, source->name)) {
      const Text frozen = text("service_logs.frozen", {{"source", source->name}});
      auto& notes = run.report.frozen;
      if (std::find(notes.begin(), notes.end(), frozen) == notes.end()) notes.push_back(frozen);
      continue;
    }
    const auto plan = plan_source_retention(run.policy, *rules, own, run.environment.clock.now());
    if (destination.may_delete) note_kept(run, *source, destination, plan.kept());
    for (const policy::SnapshotDecision& decision : plan.decisions) {
      if (decision.decision == Decision::remove) {
        removals.push_back({source, own[decision.index], decision.reasons.front()});
      }
    }
  }
  return removals;
}

void record_removal(RunContext& run,
                    const policy::Destination& destination,
                    const Removal& removal) {
  const Instant time = format::to_instant(removal.record.snapshot.time);
  run.journal.add_deletion({run.environment.clock.now(),
                            run.report.run_id,
                            run.policy.name,
                            removal.source->name,
                            destination.name,
                            removal.record.id.hex(),
                            time,
                            removal.reason.rule});
  run.report.forgotten.push_back({removal.source->name,
                                  destination.name,
                                  removal.record.id,
                                  time,
                                  removal.reason.rule,
                                  removal.reason.text});
}

void forget_in(RunContext& run, OpenDestination& open, const StopToken& stop) {
  const policy::Destination& destination = *open.destination;
  // Most days nothing goes: look first, and bother others with an exclusive lock only when
  // something does.
  const std::size_t count =
      plan_removals(run, destination, open.repository->load_snapshots(run.environment.log, stop))
          .size();
  if (count == 0) return;
  if (!destination.may_delete) {
    run.report.frozen.push_back(
        text("service.may_not_delete",
             {{"count", std::to_string(count)}, {"destination", destination.name}}));
    return;
  }
  const auto lock = RepositoryLock::acquire(*open.repository,
                                            LockMode::exclusive,
                                            run.environment.identity,
                                            run.environment.clock,
                                            run.options.lock_options,
                                            run.environment.log,
                                            stop);
  const LockKeeper keeper({lock.get()}, run.environment.log, stop);
  const auto removals =
      plan_removals(run, destination, open.repository->load_snapshots(run.environment.log, stop));
  for (const Removal& removal : removals) {
    apply_forget(
        *open.repository,
        *lock,
        {removal.record},
        [&](const SnapshotRecord&) { record_removal(run, destination, removal); },
        stop);
  }
}

}  // namespace

bool belongs_to(const format::Snapshot& snapshot,
                const policy::Policy& policy,
                const Environment& environment) {
  return snapshot.hostname == environment.identity.hostname &&
         tag_value(snapshot, kPolicyTag) == policy.name;
}

bool is_of_source(const format::Snapshot& snapshot, const std::string& source) {
  return tag_value(snapshot, kSourceTag) == source;
}

const policy::RetentionRules* retention_of(const policy::Policy& policy,
                                           const policy::Source& source,
                                           const policy::Destination& destination) {
  if (source.retention) return &*source.retention;
  if (destination.retention) return &*destination.retention;
  return policy.retention ? &*policy.retention : nullptr;
}

policy::RetentionPlan plan_source_retention(const policy::Policy& policy,
                                            const policy::RetentionRules& rules,
                                            const std::vector<SnapshotRecord>& snapshots,
                                            Instant now) {
  std::vector<policy::RetentionSnapshot> facts;
  for (const SnapshotRecord& record : snapshots) {
    policy::RetentionSnapshot fact;
    fact.id = record.id.hex();
    fact.time = format::to_instant(record.snapshot.time);
    fact.utc_offset = std::chrono::seconds(record.snapshot.time.offset);
    fact.tags = record.snapshot.tags;
    const auto unreadable = tag_value(record.snapshot, kUnreadableTag);
    fact.completeness =
        unreadable ? policy::Completeness::has_unreadable_items : policy::Completeness::complete;
    facts.push_back(std::move(fact));
  }
  const policy::TimeZone zone =
      policy.timezone.empty() ? policy::TimeZone::utc() : policy::TimeZone::named(policy.timezone);
  return policy::plan_retention(facts, rules, zone, now);
}

void forget_by_policy(RunContext& run, const StopToken& stop) {
  for (OpenDestination& open : run.destinations) {
    if (!open.is_good()) continue;
    try {
      forget_in(run, open, stop);
    } catch (const Error& error) {
      run.report.frozen.push_back(
          because(text("service.forget_failed", {{"destination", open.destination->name}}), error));
    }
  }
}

}  // namespace hikae
