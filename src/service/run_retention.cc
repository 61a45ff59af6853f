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

// What forgetting came to in one destination; joined to the report in the policy's order, however
// long each took.
struct Forgetting {
  std::vector<ForgottenSnapshot> forgotten;
  std::vector<KeptGenerations> kept;
  std::vector<Text> notes;

  void note(const Text& note) {
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  }
};

struct Removal {
  const policy::Source* source = nullptr;
  SnapshotRecord record;
  policy::RetentionReason reason;
};

// The last count stands: the plan is made anew once the exclusive lock is held.
void note_kept(Forgetting& done,
               const policy::Source& source,
               const policy::Destination& destination,
               std::size_t count) {
  const auto found =
      std::find_if(done.kept.begin(), done.kept.end(), [&](const KeptGenerations& known) {
        return known.source == source.name;
      });
  if (found == done.kept.end()) {
    done.kept.push_back({source.name, destination.name, count});
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

// The report says so already.
bool has_lost_packs(const RunContext& run, const policy::Destination& destination) {
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    if (run.destinations[i].destination == &destination) return run.progress[i].lost_packs != 0;
  }
  return false;
}

// What goes, of all sources in one destination. A source without a good new generation here keeps
// all it has.
std::vector<Removal> plan_removals(const RunContext& run,
                                   const policy::Destination& destination,
                                   const std::vector<SnapshotRecord>& snapshots,
                                   Forgetting& done) {
  std::vector<Removal> removals;
  for (const policy::Source* source : run.sources) {
    const std::vector<SnapshotRecord> own = generations_of(run, *source, snapshots);
    note_kept(done, *source, destination, own.size());
    const policy::RetentionRules* rules = retention_of(run.policy, *source, destination);
    if (rules == nullptr || has_lost_packs(run, destination)) continue;
    const RunOutcome* outcome = find_outcome(run, source->name, destination.name);
    // A destination that is still being filled has no good new generation either.
    if (outcome == nullptr || outcome->verdict == Verdict::failed || !outcome->read_back) {
      done.note(text("service.deletion_frozen",
                     {{"source", source->name}, {"destination", destination.name}}));
      continue;
    }
    if (run.anomalies.contains(source->name) ||
        is_frozen_by_anomaly(run.journal, run.policy.name, source->name)) {
      done.note(text("service_logs.frozen", {{"source", source->name}}));
      continue;
    }
    const auto plan = plan_source_retention(run.policy, *rules, own, run.environment.clock.now());
    std::size_t kept = own.size();
    for (const policy::SnapshotDecision& decision : plan.decisions) {
      // By a clock that was set back the newest may be the oldest: what was just made stays.
      const bool is_new = own[decision.index].id == outcome->snapshot;
      if (decision.decision == Decision::remove && !is_new) {
        removals.push_back({source, own[decision.index], decision.reasons.front()});
        --kept;
      }
    }
    if (destination.may_delete) note_kept(done, *source, destination, kept);
  }
  return removals;
}

void record_removal(const RunContext& run,
                    const policy::Destination& destination,
                    const Removal& removal,
                    Forgetting& done) {
  const Instant time = format::to_instant(removal.record.snapshot.time);
  run.journal.add_deletion({run.environment.clock.now(),
                            run.report.run_id,
                            run.policy.name,
                            removal.source->name,
                            destination.name,
                            removal.record.id.hex(),
                            time,
                            removal.reason.rule});
  done.forgotten.push_back({removal.source->name,
                            destination.name,
                            removal.record.id,
                            time,
                            removal.reason.rule,
                            removal.reason.text});
}

void forget_in(const RunContext& run,
               OpenDestination& open,
               Forgetting& done,
               const StopToken& stop) {
  const policy::Destination& destination = *open.destination;
  // Most days nothing goes: look first, and bother others with an exclusive lock only when
  // something does.
  const std::size_t count =
      plan_removals(
          run, destination, open.repository->load_snapshots(run.environment.log, stop), done)
          .size();
  if (count == 0) return;
  if (!destination.may_delete) {
    done.note(text("service.may_not_delete",
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
  const auto removals = plan_removals(
      run, destination, open.repository->load_snapshots(run.environment.log, stop), done);
  for (const Removal& removal : removals) {
    apply_forget(
        *open.repository,
        *lock,
        {removal.record},
        [&](const SnapshotRecord&) { record_removal(run, destination, removal, done); },
        stop);
  }
}

void forget_or_note(const RunContext& run,
                    OpenDestination& open,
                    Forgetting& done,
                    const StopToken& stop) {
  try {
    forget_in(run, open, done, stop);
  } catch (const Error& error) {
    done.note(
        because(text("service.forget_failed", {{"destination", open.destination->name}}), error));
  }
}

void join(RunReport& report, Forgetting done) {
  for (ForgottenSnapshot& gone : done.forgotten) report.forgotten.push_back(std::move(gone));
  for (KeptGenerations& kept : done.kept) report.kept.push_back(std::move(kept));
  // A source that is frozen is so everywhere, and said once.
  for (Text& note : done.notes) {
    if (std::find(report.frozen.begin(), report.frozen.end(), note) == report.frozen.end())
      report.frozen.push_back(std::move(note));
  }
}

}  // namespace

// All destinations at once: each waits for its own lock, and a slow one holds up nobody.
void forget_by_policy(RunContext& run, const StopToken& stop) {
  std::vector<Forgetting> done(run.destinations.size());
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    if (!run.destinations[i].is_good()) continue;
    tasks.spawn("forget", [&run, &done, i](const StopToken& group) {
      forget_or_note(run, run.destinations[i], done[i], group);
    });
  }
  tasks.join();
  for (Forgetting& one : done) join(run.report, std::move(one));
}

}  // namespace hikae
