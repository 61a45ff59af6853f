// SPDX-License-Identifier: Apache-2.0
#include "health/status.h"

#include <algorithm>

#include "health/status_last_run.h"
#include "policy/schedule.h"
#include "service/freshness.h"
#include "service/init.h"
#include "service/own_snapshots.h"
#include "service/rebuild_journal.h"

namespace hikae {
namespace {

using policy::Policy;

constexpr std::size_t kLatestRuns = 10;
// Clocks of hosts differ by less.
constexpr std::chrono::minutes kClockTolerance{10};
// How long whoever may delete has time to do so.
constexpr std::chrono::hours kOverstay{24 * 30};

// One destination as it was read.
struct Reading {
  DestinationStatus status;
  std::vector<SnapshotRecord> snapshots;  // of this policy and host, newest last
  std::vector<Text> damage;               // snapshot files that could not be read
};

// Keeps what is said about damaged snapshot files for the report.
class DamageLog final : public Log {
 public:
  explicit DamageLog(std::vector<Text>& damage) : damage_(damage) {}
  void write(LogLevel level, const Text& message) override {
    if (level >= LogLevel::warning) damage_.lock()->get().push_back(message);
  }

 private:
  Guarded<std::reference_wrapper<std::vector<Text>>> damage_;
};

void read_destination(OpenDestination& open,
                      Reading& reading,
                      const Policy& policy,
                      const Environment& environment,
                      const StopToken& stop) {
  try {
    DamageLog log(reading.damage);
    for (SnapshotRecord& record : open.repository->load_snapshots(log, stop)) {
      if (belongs_to(record.snapshot, policy, environment))
        reading.snapshots.push_back(std::move(record));
    }
    reading.status.space = open.repository->backend().space();
    reading.status.transport = open.repository->backend().transport();
  } catch (const Error& error) {
    reading.status.failure = error;
  }
}

std::vector<Reading> read_destinations(const Policy& policy,
                                       const Environment& environment,
                                       const StopToken& stop) {
  OpenRequest request;
  request.mode = AccessMode::read_only;
  request.load_index = OpenRequest::LoadIndex::no;
  std::vector<OpenDestination> opened = open_destinations(policy, request, environment, stop);
  std::vector<Reading> readings(opened.size());
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < opened.size(); ++i) {
    OpenDestination& open = opened[i];
    Reading& reading = readings[i];
    reading.status.destination = open.destination->name;
    const Location place = parse_location(open.destination->url, environment.working_directory);
    reading.status.location = place.display;
    reading.status.is_folder = place.scheme == "local";
    reading.status.failure = open.failure;
    if (!open.is_good()) continue;
    tasks.spawn("status", [&](const StopToken& group) {
      read_destination(open, reading, policy, environment, group);
    });
  }
  tasks.join();
  return readings;
}

void fill_from_snapshots(SourceStatus& status,
                         SourceFacts& facts,
                         const Reading& reading,
                         Instant now) {
  for (const SnapshotRecord& record : reading.snapshots) {
    if (!is_of_source(record.snapshot, status.source)) continue;
    ++status.generations;
    const Instant time = format::to_instant(record.snapshot.time);
    if (time > now + kClockTolerance) {
      facts.has_future_snapshot = true;
      continue;
    }
    if (facts.newest && time < *facts.newest) continue;
    facts.newest = time;
    facts.unreadable = unreadable_items(record.snapshot);
    status.newest_snapshot = record.id;
    status.newest_bytes =
        record.snapshot.summary ? record.snapshot.summary->total_bytes_processed : 0;
  }
  status.newest = facts.newest;
}

std::optional<Instant> newest_in(const Reading& reading, const std::string& source, Instant now) {
  SourceStatus ignored;
  ignored.source = source;
  SourceFacts facts;
  fill_from_snapshots(ignored, facts, reading, now);
  return facts.newest;
}

// The newest generation of the source in those destinations where its last run was good.
std::optional<Instant> newest_proved(const std::string& source,
                                     const std::vector<Reading>& readings,
                                     const Policy& policy,
                                     Journal& journal,
                                     Instant now) {
  std::optional<Instant> newest;
  for (const Reading& reading : readings) {
    const auto last = journal.last_item(policy.name, source, reading.status.destination);
    if (!last || last->verdict == Verdict::failed) continue;
    newest = std::max(newest, newest_in(reading, source, now));
  }
  return newest;
}

void add_notes(SourceStatus& status,
               const SourceFacts& facts,
               const std::optional<RunItem>& last,
               const Policy& policy) {
  const auto note = [&status](std::string_view key, Text::Arguments arguments = {}) {
    arguments.emplace_back("source", status.source);
    arguments.emplace_back("destination", status.destination);
    status.notes.push_back({std::string(key), std::move(arguments)});
  };
  if (!facts.destination_readable) {
    note("service_status.not_readable");
  } else if (status.filling) {
    Text::Arguments arguments{{"percent", std::to_string(percent_of(*status.filling))}};
    const auto& expected = status.filling->expected;
    if (expected)
      arguments.emplace_back("expected", policy::policy_time(policy.timezone, *expected));
    note(expected ? "service_status.filling_until" : "service_status.filling", arguments);
  } else if (!facts.newest) {
    note("service_status.no_generation");
  }
  if (is_overdue(facts) && !status.filling)
    note("service_status.overdue", {{"due", policy::policy_time(policy.timezone, *facts.due)}});
  if (facts.unreadable > 0)
    note("service_status.unreadable", {{"count", std::to_string(facts.unreadable)}});
  if (facts.has_future_snapshot) note("service_status.future");
  if (facts.last_run_failed) note("service_status.last_run_failed", {{"reason", last->message}});
}

// What the status of each source follows from.
struct Known {
  const Policy& policy;
  Journal& journal;
  const Fillings& fillings;
  const std::vector<Reading>& readings;
  Instant now;
};

SourceStatus source_status(const policy::Source& source,
                           const Reading& reading,
                           const Known& known) {
  const auto& [policy, journal, fillings, readings, now] = known;
  SourceStatus status;
  status.source = source.name;
  status.destination = reading.status.destination;
  SourceFacts facts;
  facts.destination_readable = !reading.status.failure;
  facts.due = status.due = due_moment(policy, source, now);
  fill_from_snapshots(status, facts, reading, now);
  const auto last = journal.last_item(policy.name, status.source, status.destination);
  const auto proved = newest_proved(source.name, readings, policy, journal, now);
  // A sync may have brought it from where it was made. One that the run itself sealed there and
  // could not read back is no such thing.
  const bool is_unproved =
      last && status.newest_snapshot && last->snapshot == status.newest_snapshot->hex();
  const bool has_come_since = facts.newest && proved && *facts.newest >= *proved && !is_unproved;
  facts.last_run_failed = last && last->verdict == Verdict::failed && !has_come_since;
  facts.is_tried_again = is_tried_again(policy, source.name, journal);
  const auto filling = fillings.find({status.source, status.destination});
  if (filling != fillings.end()) facts.filling = filling->second;
  if (facts.destination_readable && is_being_filled(facts)) status.filling = facts.filling->filling;
  if (status.newest_snapshot)
    status.sealed = journal.sealed(status.destination, status.newest_snapshot->hex());
  status.verdict = judge(facts);
  add_notes(status, facts, last, policy);
  return status;
}

// A lost journal learns from the repositories; one that knows anything knows more than they do.
void refill_journal(StatusReport& report,
                    const Policy& policy,
                    std::vector<Reading>& readings,
                    Journal& journal) {
  if (!journal.runs(policy.name, 1).empty()) return;
  std::vector<KnownSnapshots> known;
  known.reserve(readings.size());
  for (Reading& reading : readings)
    known.push_back({reading.status.destination, std::move(reading.snapshots)});
  const std::size_t runs = rebuild_journal(policy, known, journal);
  if (runs > 0)
    report.notes.push_back(
        text("service_status.journal_rebuilt", {{"count", std::to_string(runs)}}));
}

// What the retention would have removed a month ago, of what was there then.
std::size_t count_overstayed(const Policy& policy,
                             const policy::Destination& destination,
                             const Reading& reading,
                             Instant now) {
  std::size_t count = 0;
  for (const policy::Source& source : policy.sources) {
    const policy::RetentionRules* rules = retention_of(policy, source, destination);
    if (rules == nullptr) continue;
    std::vector<SnapshotRecord> then;
    for (const SnapshotRecord& record : reading.snapshots) {
      const bool was_there = format::to_instant(record.snapshot.time) <= now - kOverstay;
      if (was_there && is_of_source(record.snapshot, source.name)) then.push_back(record);
    }
    const auto plan = plan_source_retention(policy, *rules, then, now - kOverstay);
    for (const policy::SnapshotDecision& decision : plan.decisions)
      count += decision.decision == policy::Decision::remove ? 1 : 0;
  }
  return count;
}

// A destination where this host deletes nothing fills up unnoticed when nobody else does.
void find_overstayed(StatusReport& report,
                     const Policy& policy,
                     std::vector<Reading>& readings,
                     Instant now) {
  for (Reading& reading : readings) {
    for (const policy::Destination& destination : policy.destinations) {
      if (destination.name != reading.status.destination || destination.may_delete) continue;
      const std::size_t count = count_overstayed(policy, destination, reading, now);
      reading.status.overstayed = count;
      if (count == 0) continue;
      report.notes.push_back(
          text("service_status.overstayed",
               {{"count", std::to_string(count)}, {"destination", destination.name}}));
    }
  }
}

void add_run_notes(StatusReport& report, const Policy& policy) {
  for (const RunRecord& run : report.runs) {
    if (run.finished) continue;
    const bool newest = &run == &report.runs.front();
    const Text::Arguments when{{"started", policy::policy_time(policy.timezone, run.started)}};
    report.notes.push_back(newest ? text("service_status.run_unfinished", when)
                                  : text("service_status.run_interrupted", when));
  }
}

void add_last_backup(StatusReport& report, const Policy& policy, Journal& journal) {
  const std::optional<LastBackup> last = judge_last_backup(policy.name, journal);
  if (!last) return;
  report.last_backup = last->verdict;
  const bool is_told =
      std::any_of(report.sources.begin(), report.sources.end(), [](const SourceStatus& source) {
        return source.verdict == Verdict::failed;
      });
  if (last->verdict != Verdict::ok && !is_told)
    report.notes.push_back(
        text("service_status.last_backup",
             {{"started", policy::policy_time(policy.timezone, last->started)}}));
}

// Connections offer nothing else then; this is the proof that none was made all the same.
void add_transport_notes(StatusReport& report, const Policy& policy) {
  if (policy.encryption.in_transit != policy::TransportCipher::aes_256) return;
  for (const DestinationStatus& destination : report.destinations) {
    const auto& transport = destination.transport;
    if (!transport || transport->is_aes_256) continue;
    report.notes.push_back(
        text("service_status.not_aes_256",
             {{"destination", destination.destination}, {"cipher", transport->cipher}}));
  }
}

}  // namespace

StatusReport read_status(const Policy& policy,
                         const Environment& environment,
                         Journal& journal,
                         const StopToken& stop) {
  const Instant now = environment.clock.now();
  std::vector<Reading> readings = read_destinations(policy, environment, stop);
  const Fillings fillings = load_fillings(policy.name, journal);
  StatusReport report;
  for (const policy::Source& source : policy.sources) {
    for (const Reading& reading : readings)
      report.sources.push_back(
          source_status(source, reading, {policy, journal, fillings, readings, now}));
  }
  report.protection = find_protection(report.sources);
  find_overstayed(report, policy, readings, now);
  refill_journal(report, policy, readings, journal);
  report.runs = journal.runs(policy.name, kLatestRuns);
  add_last_backup(report, policy, journal);
  report.slots = slots_to_show(policy.name, journal.slots());
  report.waiting = journal.notices().waiting(policy.name);
  add_run_notes(report, policy);
  const std::vector<Text> silent = find_silent_jobs(policy, journal, now);
  report.silent_jobs = silent.size();
  report.notes.insert(report.notes.end(), silent.begin(), silent.end());
  report.recovery_kit_confirmed = recovery_kit_confirmed(policy, environment);
  if (!report.recovery_kit_confirmed)
    report.notes.push_back(text("service_status.recovery_kit_unconfirmed"));
  for (Reading& reading : readings) {
    reading.status.damaged_snapshots = reading.damage.size();
    report.notes.insert(report.notes.end(), reading.damage.begin(), reading.damage.end());
    report.destinations.push_back(std::move(reading.status));
  }
  add_transport_notes(report, policy);
  report.verdict = judge(report);
  return report;
}

}  // namespace hikae
