// SPDX-License-Identifier: Apache-2.0
#include "service/run.h"

#include <algorithm>

#include "service/init.h"
#include "service/run_parts.h"

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
      run.report.frozen.push_back(
          text("service.policy_not_stored",
               {{"destination", open.destination->name}, {"reason", error.what()}}));
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
  run.destinations = open_destinations(run.policy, request, run.environment, stop);
  run.progress.resize(run.destinations.size());
  {
    const LockKeeper keeper(held_locks(run), run.environment.log, stop);
    load_own_snapshots(run, stop);
    // Each destination that works is open and locked, and its own generations of this policy are
    // known.
    for (const policy::Source* source : run.sources) {
      if (adopt_sealed(run, *source) == Adopted::no) back_up_source(run, *source, stop);
    }
    // Every generation that could be made is sealed in every destination that works and keeps up.
    store_policy_everywhere(run, stop);
    say(run, "service.phase_read_back");
    read_back(run, stop);
    // What is protected is proved. The rest may take its time, and cannot harm it any more.
    catch_up(run, begin + run.policy.schedule.window, stop);
    read_back(run, stop);
    extend_object_locks(run, stop);
  }
  release_locks(run);
  for (RunOutcome& outcome : run.report.outcomes) outcome.verdict = judge(outcome);
  // What is good was read from its destination. Only there may anything old go.
  say(run, "service.phase_forget");
  if (run.options.deletion == RunOptions::Deletion::frozen) {
    run.report.frozen.push_back(run.options.frozen_because);
  } else {
    forget_by_policy(run, stop);
  }
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

void record(RunContext& run) {
  for (const ConnectionRecord& connection : run.report.connections)
    run.journal.add_connection(run.report.run_id, connection);
  for (const RunOutcome& outcome : run.report.outcomes)
    run.journal.add_item(run.report.run_id, to_item(run, outcome));
  run.journal.finish_run(run.report.run_id,
                         run.report.finished,
                         run.report.verdict,
                         message_for(run.report.failure, run.policy.language));
}

}  // namespace

RunReport run_policy(const policy::Policy& policy,
                     const RunOptions& options,
                     const Environment& environment,
                     Journal& journal,
                     const RunObserver& observer,
                     const StopToken& stop) {
  RunContext run{policy,
                 options,
                 environment,
                 journal,
                 observer,
                 select_sources(policy, options.sources),
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
  const SlotId by_hand{"backup", "manual", run.report.started};
  run.report.run_id =
      journal.begin_run(policy.name, options.slot.value_or(by_hand), run.report.started);
  try {
    perform(run, stop);
  } catch (const Error& error) {
    run.report.failure = error;
  }
  note_connections(run);
  run.report.finished = environment.clock.now();
  run.report.verdict = judge(run.report);
  record(run);
  return std::move(run.report);
}

}  // namespace hikae
