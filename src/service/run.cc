// SPDX-License-Identifier: Apache-2.0
#include "service/run.h"

#include <algorithm>

#include "os/process.h"
#include "service/classic_log.h"
#include "service/filling.h"
#include "service/hooks.h"
#include "service/init.h"
#include "service/low_space.h"
#include "service/metrics.h"
#include "service/run_log.h"
#include "service/run_parts.h"
#include "service/validate_logs.h"

namespace hikae {
namespace {

std::vector<const policy::Source*> select_sources(const policy::Policy& policy,
                                                  const std::vector<std::string>& only) {
  std::vector<const policy::Source*> selected;
  for (const policy::Source& source : policy.sources) {
    if (only.empty() || std::find(only.begin(), only.end(), source.name) != only.end())
      selected.push_back(&source);
  }
  for (const std::string& name : only) {
    const bool known =
        std::any_of(selected.begin(), selected.end(), [&](const policy::Source* source) {
          return source->name == name;
        });
    if (known) continue;
    std::string names;
    for (const policy::Source& source : policy.sources) names += " " + source.name;
    throw Error(ErrorCode::invalid_argument, text("service.unknown_source", {{"name", name}}))
        .with_hint(text("service.known_names", {{"names", names.substr(1)}}));
  }
  return selected;
}

void load_own_snapshots(RunContext& run, const StopToken& stop) {
  run.snapshots.resize(run.destinations.size());
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    OpenDestination& open = run.destinations[i];
    if (!open.is_good()) continue;
    try {
      for (SnapshotRecord& record : open.repository->load_snapshots(run.environment.log, stop)) {
        if (belongs_to(record.snapshot, run.policy, run.environment))
          run.snapshots[i].push_back(std::move(record));
      }
    } catch (const Error& error) {
      open.failure = error;
    }
  }
}

std::vector<RepositoryLock*> held_locks(const RunContext& run) {
  std::vector<RepositoryLock*> locks;
  for (const OpenDestination& open : run.destinations) {
    if (open.lock) locks.push_back(open.lock.get());
  }
  return locks;
}

void store_policy_everywhere(RunContext& run, const StopToken& stop) {
  for (OpenDestination& open : run.destinations) {
    if (!open.is_good() || run.options.policy_text.empty()) continue;
    try {
      store_policy(
          *open.repository, run.policy, run.options.policy_text, run.environment.clock, stop);
    } catch (const Error& error) {
      // The generation is good all the same; a policy that could not be stored must still be heard
      // of.
      run.report.frozen.push_back(because(
          text("service.policy_not_stored", {{"destination", open.destination->name}}), error));
    }
  }
}

void say(const RunContext& run, std::string_view phase) {
  if (run.observer.phase) run.observer.phase(text(phase));
}

void release_locks(RunContext& run) {
  for (OpenDestination& open : run.destinations) open.lock.reset();
}

// Backup, read back, catch up, forget. What is wrong with a part is in the report; only Cancelled
// gets out.
void perform(RunContext& run, const StopToken& stop) {
  const auto begin = run.environment.clock.steady_now();
  OpenRequest request;
  request.only = run.options.destinations;
  request.lock = LockMode::shared;
  request.lock_options = run.options.lock_options;
  say(run, "service.phase_open");
  DestinationHooks hooks(run, stop);
  run.destinations = hooks.open(request);
  run.progress.resize(run.destinations.size());
  {
    const LockKeeper keeper(held_locks(run), run.environment.log, stop);
    load_own_snapshots(run, stop);
    leave_out_lost_packs(run, stop);
    // Each destination that works is open and locked, its own generations of this policy are known,
    // and its index names what is there.
    for (const policy::Source* source : run.sources) {
      if (adopt_sealed(run, *source) == Adopted::no) back_up_source(run, *source, stop);
    }
    // Every generation that could be made is sealed in every destination that works and keeps up.
    store_policy_everywhere(run, stop);
    say(run, "service.phase_read_back");
    read_back(run, stop);
    // What is protected is proved. The rest may take its time, and cannot harm it any more; it is
    // proved as it is sealed.
    catch_up(run, begin + run.policy.schedule.window, stop);
    extend_object_locks(run, stop);
  }
  release_locks(run);
  for (RunOutcome& outcome : run.report.outcomes) outcome.verdict = judge(outcome);
  // What is good was read from its destination. Only there may anything old go.
  say(run, "service.phase_forget");
  freeze_anomalies(run);
  if (run.options.deletion == RunOptions::Deletion::frozen) {
    run.report.frozen.push_back(run.options.frozen_because);
  } else {
    forget_by_policy(run, stop);
  }
  hooks.finish();
}

std::string message_for(const std::optional<Error>& error, Language language) {
  return error ? render(*error, language) : std::string();
}

RunItem to_item(const RunContext& run, const RunOutcome& outcome) {
  RunItem item;
  item.source = outcome.source;
  item.destination = outcome.destination;
  item.verdict = outcome.verdict;
  if (outcome.snapshot) item.snapshot = outcome.snapshot->hex();
  item.bytes_stored = outcome.bytes_stored;
  item.unreadable = outcome.unreadable;
  item.sealed = outcome.sealed;
  item.message = message_for(outcome.failure, run.policy.language);
  for (const SourceOutcome& source : run.report.sources) {
    if (source.source != outcome.source || !source.summary) continue;
    item.files = source.summary->total_files_processed;
    item.bytes = source.summary->total_bytes_processed;
  }
  return item;
}

ConnectionRecord connection_of(const OpenDestination& open) {
  Backend& backend = open.repository->backend();
  ConnectionRecord record;
  record.destination = open.destination->name;
  if (const auto transport = backend.transport()) {
    record.protocol = transport->protocol;
    record.cipher = transport->cipher;
    record.is_aes_256 = transport->is_aes_256;
  }
  for (const auto& [kind, count] : backend.requests())
    record.requests.push_back({kind, count.requests, count.bytes_sent, count.bytes_received});
  return record;
}

void note_connections(RunContext& run) {
  for (const OpenDestination& open : run.destinations) {
    if (open.repository) run.report.connections.push_back(connection_of(open));
  }
}

// Apart from the run's own items: they say nothing of what became of its generations.
void record_earlier(RunContext& run) {
  if (run.report.caught_up.empty()) return;
  const std::string id = run.journal.begin_run(
      run.policy.name, {kSyncJob, "", run.report.started}, run.report.finished);
  for (const CaughtUpSnapshot& copy : run.report.caught_up) {
    RunItem item;
    item.source = copy.source;
    item.destination = copy.to;
    item.verdict = Verdict::ok;
    item.snapshot = copy.snapshot.hex();
    item.bytes_stored = copy.bytes_stored;
    item.sealed = copy.sealed;
    run.journal.add_item(id, item);
  }
  run.journal.finish_run(id, run.report.finished, Verdict::ok, "");
}

void record(RunContext& run) {
  for (const ConnectionRecord& connection : run.report.connections)
    run.journal.add_connection(run.report.run_id, connection);
  for (const RunOutcome& outcome : run.report.outcomes)
    run.journal.add_item(run.report.run_id, to_item(run, outcome));
  run.journal.finish_run(run.report.run_id,
                         run.report.finished,
                         run.report.verdict,
                         message_for(run.report.failure, run.policy.language));
  record_earlier(run);
}

void note(RunContext& run, const Text& problem) {
  run.report.frozen.push_back(problem);
}

// What a run needs depends on its destinations and on the size of the repository; nothing that it
// could leave out would make it less.
void note_memory(RunContext& run) {
  const auto& limit = run.policy.limits.memory;
  const auto peak = limit ? os::peak_memory() : std::nullopt;
  if (!peak || *peak <= *limit) return;
  note(run,
       text("service.memory_over",
            {{"used", format_bytes(*peak)}, {"limit", format_bytes(*limit)}}));
}

void put_classic_log(RunContext& run, const std::string& content) {
  const std::string& path = run.policy.logs.classic;
  if (path.empty()) return;
  try {
    write_classic_log(path, content);
  } catch (const Error& error) {
    note(run,
         text("service_classic.cannot_write",
              {{"path", path}, {"reason", render(error, run.policy.language)}}));
  }
}

void begin_classic_log(RunContext& run) {
  put_classic_log(run, classic_log_at_start(run.policy, run.report.run_id, run.report.started));
}

void perform_with_hooks(RunContext& run, RunLog& log, const StopToken& stop) {
  HookScope hooks(run, run.policy.hooks, {}, stop);
  try {
    hooks.before();
    perform(run, stop);
  } catch (const Error& error) {
    run.report.failure = error;
  }
  note_memory(run);
  log_outcomes(log, run.report);
  // What the run claims stands in the log. Whether it is true there, too, is part of the verdict.
  validate_run(run, stop);
  hooks.finish(judge(run.report), first_failure(run.report, {}));
  hooks.end();
  log.record_notes(run.report);
}

// The snapshots of each source in each destination that could be listed; none is an answer, too.
using HeldSnapshots = std::map<std::pair<std::string, std::string>, std::set<std::string>>;

HeldSnapshots listed_snapshots(const RunContext& run) {
  HeldSnapshots ids;
  for (std::size_t i = 0; i < run.destinations.size() && i < run.snapshots.size(); ++i) {
    const OpenDestination& open = run.destinations[i];
    if (!open.is_good()) continue;
    for (const policy::Source& source : run.policy.sources)
      ids[{source.name, open.destination->name}];
    for (const SnapshotRecord& record : run.snapshots[i]) {
      const auto source = tag_value(record.snapshot, kSourceTag);
      if (source) ids[{*source, open.destination->name}].insert(record.id.hex());
    }
  }
  return ids;
}

// What each destination holds after this run. One that failed meanwhile is not counted: what was
// seen of it before still stands in the journal.
ObservedFigures observed_figures(const RunContext& run) {
  ObservedFigures figures;
  HeldSnapshots ids = listed_snapshots(run);
  const auto held = [&](const std::string& source, const std::string& destination) {
    const auto found = ids.find({source, destination});
    return found == ids.end() ? nullptr : &found->second;
  };
  for (const RunOutcome& outcome : run.report.outcomes) {
    auto* const known = held(outcome.source, outcome.destination);
    if (known != nullptr && outcome.snapshot && outcome.read_back)
      known->insert(outcome.snapshot->hex());
  }
  for (const CaughtUpSnapshot& copy : run.report.caught_up) {
    if (auto* const known = held(copy.source, copy.to)) known->insert(copy.snapshot.hex());
  }
  for (const ForgottenSnapshot& gone : run.report.forgotten) {
    if (auto* const known = held(gone.source, gone.destination)) known->erase(gone.snapshot.hex());
  }
  for (const auto& [pair, some] : ids) figures.generations[pair] = some.size();
  for (const OpenDestination& open : run.destinations) {
    if (!open.repository) continue;
    if (const auto space = open.repository->backend().space())
      figures.space[open.destination->name] = *space;
  }
  return figures;
}

// The same verdict everywhere. Whatever cannot be told of it is a part of it.
void conclude(RunContext& run, RunLog& log) {
  run.report.finished = run.environment.clock.now();
  run.report.verdict = judge(run.report);
  put_classic_log(run, classic_log(run.policy, run.report));
  log.record_notes(run.report);
  run.report.verdict = judge(run.report);
  record(run);
  keep_fillings(run.policy.name, run.journal, run.report.outcomes, run.report.finished);
  const ObservedFigures figures = observed_figures(run);
  find_low_space(run, figures.space);
  keep_figures(run.policy.name, run.journal, figures, run.report.finished);
  write_metrics(run.policy, run.environment, run.journal, figures);
  log.finish(run.report.verdict, run.report.failure, run.report.finished - run.report.started);
}

}  // namespace

RunReport run_policy(const policy::Policy& policy,
                     const RunOptions& options,
                     const Environment& environment,
                     Journal& journal,
                     const RunObserver& observer,
                     const StopToken& stop) {
  // A mistyped name is no failed run: it is not recorded.
  require_destinations(policy, options.destinations);
  RunLog log(environment, policy);
  RunContext run{policy,
                 options,
                 log.environment(),
                 journal,
                 observer,
                 select_sources(policy, options.sources),
                 {},
                 {},
                 {},
                 {},
                 {},
                 {}};
  const auto slot_lock = SlotLock::try_acquire(environment.state_directory, policy.name, "backup");
  if (!slot_lock) {
    throw Error(ErrorCode::locked, text("service.run_under_way", {{"policy", policy.name}}))
        .with_hint(text("service.run_under_way_hint"));
  }
  run.report.started = environment.clock.now();
  const SlotId slot = options.slot.value_or(SlotId{"backup", "manual", run.report.started});
  run.report.run_id = journal.begin_run(policy.name, slot, run.report.started);
  log.begin(run.report.run_id, slot);
  begin_classic_log(run);
  if (policy.limits.memory) os::reset_peak_memory();
  try {
    perform_with_hooks(run, log, stop);
  } catch (const Cancelled&) {
    log.say_notes(run.report);
    log.stop();
    throw;
  }
  note_connections(run);
  conclude(run, log);
  return std::move(run.report);
}

}  // namespace hikae
