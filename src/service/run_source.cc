// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "service/files_options.h"
#include "service/freshness.h"
#include "service/hooks.h"
#include "service/postgres_source.h"
#include "service/run_parts.h"
#include "service/slot_tag.h"
#include "source/files_source.h"
#include "source/read_limit.h"

namespace hikae {

namespace {

std::unique_ptr<Source> make_source(const policy::Source& source,
                                    const Environment& environment,
                                    const StopToken& stop) {
  if (source.kind() == policy::SourceKind::postgres)
    return make_postgres_source(source, environment, stop);
  if (source.kind() != policy::SourceKind::files) {
    throw Error(ErrorCode::unsupported,
                text("service.source_kind_unsupported", {{"source", source.name}}))
        .with_hint(text("service.source_kind_unsupported_hint"));
  }
  refuse_live_clusters(source);
  return make_files_source(files_options(source, environment));
}

// At the pace that the policy gives.
std::unique_ptr<Source> open_source(const RunContext& run,
                                    const policy::Source& source,
                                    const StopToken& stop) {
  std::unique_ptr<Source> made = make_source(source, run.environment, stop);
  if (!run.policy.limits.io) return made;
  ReadLimitOptions limit;
  limit.rate = *run.policy.limits.io;
  return with_read_limit(std::move(made), std::move(limit), stop);
}

const SnapshotRecord* newest_of(const std::vector<SnapshotRecord>& snapshots,
                                const std::string& source) {
  for (auto record = snapshots.rbegin(); record != snapshots.rend(); ++record) {
    if (is_of_source(record->snapshot, source)) return &*record;
  }
  return nullptr;
}

// The good destinations, each with the snapshot that is its own parent; `numbers` are their places
// in the run.
struct Targets {
  std::vector<BackupTarget> targets;
  std::vector<std::size_t> numbers;
  const SnapshotRecord* newest = nullptr;
};

enum class Pace { keeps_up, any };

Targets find_targets(RunContext& run, const std::string& source, Pace pace) {
  Targets found;
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    OpenDestination& open = run.destinations[i];
    if (!open.is_good() || (pace == Pace::keeps_up && run.progress[i].detached)) continue;
    BackupTarget target;
    target.repository = open.repository.get();
    target.index = &*open.index;
    target.lock = open.lock.get();
    if (const SnapshotRecord* parent = newest_of(run.snapshots[i], source)) {
      target.parent = parent->id;
      const bool newer =
          found.newest == nullptr || format::to_instant(found.newest->snapshot.time) <
                                         format::to_instant(parent->snapshot.time);
      if (newer) found.newest = parent;
    }
    found.targets.push_back(target);
    found.numbers.push_back(i);
  }
  return found;
}

// Those that were too slow before are left for later, unless nobody else is left.
Targets find_targets(RunContext& run, const std::string& source) {
  Targets found = find_targets(run, source, Pace::keeps_up);
  return found.targets.empty() ? find_targets(run, source, Pace::any) : found;
}

// For whoever watches from elsewhere: this host may have said that something is wrong, in vain.
std::optional<std::string> undelivered_tag(const RunContext& run) {
  try {
    const std::size_t count =
        count_undelivered(run.policy.name, run.journal, run.environment.clock.now());
    if (count > 0) return std::string(kUndeliveredTag) + std::to_string(count);
  } catch (const Error&) {  // the journal is disposable, a generation is not
  }
  return std::nullopt;
}

BackupPlan make_plan(const RunContext& run,
                     const std::string& source,
                     const SnapshotRecord* parent) {
  const Environment& environment = run.environment;
  BackupPlan plan;
  if (parent != nullptr) plan.parent_tree = parent->snapshot.tree;
  plan.changes = run.options.changes;
  plan.identity = environment.identity;
  plan.time = format::to_timestamp(environment.clock.now());
  plan.time.offset = environment.local_offset(plan.time.seconds);
  plan.tags = {std::string(kPolicyTag) + run.policy.name,
               std::string(kSourceTag) + source,
               std::string(kRunTag) + run.report.run_id};
  if (run.options.slot) plan.tags.push_back(slot_tag(run.options.slot->scheduled));
  if (auto tag = undelivered_tag(run)) plan.tags.push_back(std::move(*tag));
  plan.unreadable_tag_prefix = kUnreadableTag;
  plan.program_version = environment.program_version;
  if (run.policy.limits.cpu)
    plan.workers = static_cast<std::size_t>(std::max(1, *run.policy.limits.cpu));
  return plan;
}

RunOutcome begin_outcome(const RunContext& run,
                         const std::string& source,
                         std::size_t destination) {
  RunOutcome outcome;
  outcome.source = source;
  outcome.destination = run.destinations[destination].destination->name;
  outcome.detached = run.progress[destination].detached;
  return outcome;
}

RunOutcome to_outcome(const RunContext& run,
                      const Targets& targets,
                      const BackupReport& report,
                      const std::string& source,
                      std::size_t target) {
  const DestinationOutcome& destination = report.destinations[target];
  RunOutcome outcome = begin_outcome(run, source, targets.numbers[target]);
  outcome.snapshot = destination.snapshot;
  outcome.sealed = destination.sealed;
  outcome.failure = destination.failure;
  outcome.bytes_stored = destination.bytes_stored;
  return outcome;
}

// Every destination of the run gets an outcome: what is not sealed now, catch_up() completes.
void add_outcomes(RunContext& run,
                  const Targets& targets,
                  const BackupReport& report,
                  const std::string& source) {
  std::vector<RunOutcome> outcomes;
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    const auto target = std::find(targets.numbers.begin(), targets.numbers.end(), i);
    if (target != targets.numbers.end()) {
      const auto number = static_cast<std::size_t>(target - targets.numbers.begin());
      outcomes.push_back(to_outcome(run, targets, report, source, number));
    } else if (run.destinations[i].is_good()) {
      outcomes.push_back(begin_outcome(run, source, i));
    }
  }
  for (RunOutcome& outcome : outcomes) {
    outcome.changed = report.changed_count;
    outcome.unreadable = report.item_error_count - outcome.changed;
    run.report.outcomes.push_back(std::move(outcome));
  }
}

void add_failures(RunContext& run, const std::string& source, const Error& error) {
  for (const OpenDestination& open : run.destinations) {
    if (!open.is_good()) continue;
    RunOutcome outcome;
    outcome.source = source;
    outcome.destination = open.destination->name;
    outcome.failure = error;
    run.report.outcomes.push_back(std::move(outcome));
  }
}

// The next source must not store again what this one just stored; what cannot be listed now has
// failed.
void take_over(RunContext& run,
               BackupReport& report,
               const Targets& targets,
               const std::string& source,
               const StopToken& stop) {
  run.made.emplace(source, report.snapshot);
  for (std::size_t i = 0; i < report.destinations.size(); ++i) {
    DestinationOutcome& outcome = report.destinations[i];
    OpenDestination& open = run.destinations[targets.numbers[i]];
    DestinationProgress& progress = run.progress[targets.numbers[i]];
    if (outcome.failure) {
      open.failure = outcome.failure;
      continue;
    }
    if (outcome.snapshot)
      run.snapshots[targets.numbers[i]].push_back({*outcome.snapshot, report.snapshot});
    if (outcome.state == DestinationOutcome::State::detached) {
      // Its index waits for catch_up(), since whoever is slow would hold the next source up here.
      progress.detached = true;
      std::move(outcome.unindexed.begin(),
                outcome.unindexed.end(),
                std::back_inserter(progress.unindexed));
      continue;
    }
    try {
      open.repository->update_index(*open.index, open.index_files, stop);
    } catch (const Error& error) {
      open.failure = error;
    }
  }
}

// Destinations that could not be opened, or failed with an earlier source, miss this one too.
void add_missing_destinations(RunContext& run, const std::string& source) {
  for (const OpenDestination& open : run.destinations) {
    if (open.is_good()) continue;
    RunOutcome outcome;
    outcome.source = source;
    outcome.destination = open.destination->name;
    outcome.failure = open.failure;
    run.report.outcomes.push_back(std::move(outcome));
  }
}

// Before anything is read back: for the hooks of the source.
Verdict verdict_so_far(const RunContext& run, const SourceOutcome& source) {
  if (source.failure)
    return source.failure->code() == ErrorCode::skipped ? Verdict::warning : Verdict::failed;
  Verdict verdict = Verdict::ok;
  bool is_sealed = false;
  for (const RunOutcome& outcome : run.report.outcomes) {
    if (outcome.source != source.source) continue;
    is_sealed = is_sealed || outcome.snapshot.has_value();
    const bool failed = outcome.failure && outcome.failure->code() != ErrorCode::skipped;
    if (failed || outcome.unreadable > 0) verdict = Verdict::partial;
  }
  return is_sealed ? verdict : Verdict::failed;
}

}  // namespace

void back_up_source(RunContext& run, const policy::Source& source, const StopToken& stop) {
  SourceOutcome outcome;
  outcome.source = source.name;
  add_missing_destinations(run, source.name);
  HookScope hooks(run, source.hooks, {source.name, ""}, stop);
  try {
    const Targets targets = find_targets(run, source.name);
    if (!targets.targets.empty()) {
      hooks.before();
      const std::unique_ptr<Source> files = open_source(run, source, stop);
      BackupProgress progress;
      if (run.observer.source_begins) run.observer.source_begins(source.name, progress);
      BackupReport report = run_backup(*files,
                                       targets.targets,
                                       make_plan(run, source.name, targets.newest),
                                       run.environment.clock,
                                       progress,
                                       run.environment.log,
                                       stop);
      if (run.observer.source_ends) run.observer.source_ends(source.name);
      take_over(run, report, targets, source.name, stop);
      add_outcomes(run, targets, report, source.name);
      outcome.summary = report.summary;
      outcome.notes = files->summary();
      outcome.facts = files->facts();
      outcome.item_errors = std::move(report.item_errors);
      outcome.item_error_count = report.item_error_count;
    }
  } catch (const Error& error) {
    if (run.observer.source_ends) run.observer.source_ends(source.name);
    outcome.failure = error;
    add_failures(run, source.name, error);
  }
  hooks.finish(verdict_so_far(run, outcome), first_failure(run.report, {source.name, ""}));
  run.report.sources.push_back(std::move(outcome));
}

}  // namespace hikae
