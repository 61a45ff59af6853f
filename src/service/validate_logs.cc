// SPDX-License-Identifier: Apache-2.0
#include "service/validate_logs.h"

#include <algorithm>

#include "logs/reader.h"
#include "service/run_log.h"

namespace hikae {
namespace {

constexpr std::size_t kMostSlots = 100'000;
constexpr std::size_t kMostDeletions = 100'000;
// Long enough to find the generation before the run's own.
constexpr std::chrono::hours kLookBack{24 * 40};

std::set<std::string> list_snapshots(Backend& backend, const StopToken& stop) {
  std::set<std::string> names;
  backend.list(
      FileType::snapshot, [&names](const FileInfo& file) { names.insert(file.name); }, stop);
  return names;
}

void add_stored(logs::ValidationFacts& facts,
                const policy::Policy& policy,
                const Environment& environment,
                const StopToken& stop) {
  for (const policy::Destination& destination : policy.destinations) {
    try {
      const auto backend =
          open_destination_backend(policy, destination, AccessMode::read_only, environment, stop);
      facts.stored[destination.name] = list_snapshots(*backend, stop);
    } catch (const Error& error) {
      environment.log.warning(
          text("service_logs.not_listed",
               {{"destination", destination.name}, {"reason", render(error, policy.language)}}));
    }
  }
}

void add_slots(logs::ValidationFacts& facts,
               const policy::Policy& policy,
               Journal& journal,
               Instant since) {
  for (const SlotRecord& slot : journal.slots().slots(policy.name, kMostSlots)) {
    const bool was_tried = slot.attempts > 0;
    const bool was_missed = slot.state == SlotState::missed;
    if (slot.id.scheduled < since || slot.id.job == kAnomalyJob) continue;
    if (!was_missed && !was_tried) continue;
    // Over before there was a log of it.
    const bool is_older =
        slot.settled && !facts.lines.empty() && *slot.settled < facts.lines.front().time;
    if (!was_missed && is_older) continue;
    facts.slots.push_back(
        {slot.id.job,
         slot.id.group,
         slot.id.scheduled,
         was_missed ? logs::LedgerSlot::State::missed : logs::LedgerSlot::State::tried});
  }
}

void add_removed(logs::ValidationFacts& facts, const policy::Policy& policy, Journal& journal) {
  for (const DeletionRecord& gone : journal.deletions(policy.name, kMostDeletions))
    facts.removed.emplace(gone.destination, gone.snapshot);
}

// A run that has no end yet is at work if somebody holds the lock of its job.
void add_working(logs::ValidationFacts& facts,
                 const policy::Policy& policy,
                 const Environment& environment,
                 Journal& journal) {
  std::set<std::string> jobs;
  for (const RunRecord& run : journal.runs(policy.name, 20)) {
    if (run.finished || !jobs.insert(run.slot.job).second) continue;
    if (!SlotLock::try_acquire(environment.state_directory, policy.name, run.slot.job))
      facts.working.insert(run.id);
  }
}

// What the destinations hold now, for the claims of this run alone.
void add_stored(logs::ValidationFacts& facts, const RunContext& run, const StopToken& stop) {
  for (const OpenDestination& open : run.destinations) {
    const auto& outcomes = run.report.outcomes;
    const bool has_claim = std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& outcome) {
      return outcome.destination == open.destination->name && outcome.read_back;
    });
    if (open.repository && has_claim)
      facts.stored[open.destination->name] = list_snapshots(open.repository->backend(), stop);
  }
}

bool belongs_to_run(const logs::Line& line, const RunContext& run, Instant previous) {
  return line.run == run.report.run_id ||
         (line.event == logs::kGeneration && line.time >= previous);
}

void note(RunContext& run, const Text& problem) {
  run.report.frozen.push_back(problem);
}

// The generation of this source before the run's own, as the destinations know it.
std::optional<logs::SourceSize> size_before(const RunContext& run, const std::string& source) {
  std::optional<logs::SourceSize> size;
  Instant newest{};
  for (const auto& snapshots : run.snapshots) {
    for (const SnapshotRecord& record : snapshots) {
      const format::Snapshot& snapshot = record.snapshot;
      const Instant time = format::to_instant(snapshot.time);
      if (!is_of_source(snapshot, source) || !snapshot.summary || time < newest) continue;
      if (tag_value(snapshot, kRunTag) == run.report.run_id) continue;
      newest = time;
      size = {snapshot.summary->total_files_processed, snapshot.summary->total_bytes_processed};
    }
  }
  return size;
}

}  // namespace

logs::Band band_of(const policy::Policy& policy) {
  return {policy.anomaly.max_shrink, policy.anomaly.max_growth};
}

logs::Validation validate_logs(const policy::Policy& policy,
                               const Environment& environment,
                               Journal& journal,
                               Instant since,
                               const StopToken& stop) {
  logs::LogContent content = logs::load_log(environment.log_directory, policy.name, since);
  logs::ValidationFacts facts;
  facts.policy = policy.name;
  facts.lines = std::move(content.lines);
  facts.unreadable_lines = content.unreadable_lines;
  facts.band = band_of(policy);
  add_slots(facts, policy, journal, since);
  add_working(facts, policy, environment, journal);
  add_stored(facts, policy, environment, stop);
  add_removed(facts, policy, journal);
  return logs::validate(facts);
}

void validate_run(RunContext& run, const StopToken& stop) {
  const Environment& environment = run.environment;
  if (environment.log_directory.empty()) return;
  try {
    if (environment.log_sink != nullptr) {
      if (const auto failure = environment.log_sink->failure()) throw Error(*failure);
    }
    const Instant previous = run.report.started - kLookBack;
    logs::LogContent content =
        logs::load_log(environment.log_directory, run.policy.name, run.report.started);
    logs::ValidationFacts facts;
    facts.policy = run.policy.name;
    facts.only_run = run.report.run_id;
    facts.working = {run.report.run_id};
    for (logs::Line& line : content.lines) {
      if (belongs_to_run(line, run, previous)) facts.lines.push_back(std::move(line));
    }
    if (facts.lines.empty()) throw Error(ErrorCode::not_found, text("service_logs.not_in_log"));
    add_stored(facts, run, stop);
    for (const logs::Finding& finding : logs::validate(facts).findings) note(run, finding.message);
  } catch (const Error& error) {
    note(run, text("service_logs.not_validated", {{"reason", render(error, run.policy.language)}}));
  }
}

std::vector<Text> anomalies_of(const RunReport& report) {
  std::vector<Text> anomalies;
  for (const Text& note : report.frozen) {
    if (note.key == "logs.bytes_shrank" || note.key == "logs.bytes_grew" ||
        note.key == "logs.files_shrank" || note.key == "logs.files_grew")
      anomalies.push_back(note);
  }
  return anomalies;
}

bool is_frozen_by_anomaly(Journal& journal, const std::string& policy, const std::string& source) {
  const auto frozen = journal.slots().unacknowledged(policy);
  return std::any_of(frozen.begin(), frozen.end(), [&](const SlotRecord& slot) {
    return slot.id.job == kAnomalyJob && slot.id.group == source;
  });
}

void freeze_anomalies(RunContext& run) {
  for (const SourceOutcome& source : run.report.sources) {
    const auto before = size_before(run, source.source);
    if (!source.summary || !before) continue;
    const auto anomaly = logs::find_anomaly(
        source.source,
        *before,
        {source.summary->total_files_processed, source.summary->total_bytes_processed},
        band_of(run.policy));
    if (!anomaly) continue;
    note(run, *anomaly);
    SlotRecord slot;
    slot.id = {kAnomalyJob, source.source, run.report.started};
    slot.state = SlotState::failed;
    slot.verdict = Verdict::warning;
    slot.settled = run.environment.clock.now();
    try {
      run.journal.slots().save(run.policy.name, {slot});
    } catch (const Error& error) {
      // Nothing is deleted now at least: the run goes on with what it knows.
      run.anomalies.insert(source.source);
      note(run,
           text("service_logs.freeze_not_kept",
                {{"source", source.source}, {"reason", render(error, run.policy.language)}}));
    }
  }
}

}  // namespace hikae
