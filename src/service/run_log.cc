// SPDX-License-Identifier: Apache-2.0
#include "service/run_log.h"

#include "format/time.h"

namespace hikae {
namespace {

constexpr std::string_view kMessageClass = "message";

Environment with_log(const Environment& environment, Log& log) {
  return {environment.clock,
          log,
          environment.identity,
          environment.state_directory,
          environment.cache_directory,
          environment.working_directory,
          environment.program_version,
          environment.variable,
          environment.local_offset,
          environment.log_sink,
          environment.log_directory,
          environment.policy_file,
          environment.known_keys};
}

LogLevel severity_of(Verdict verdict) {
  if (verdict == Verdict::ok) return LogLevel::info;
  return verdict == Verdict::failed ? LogLevel::error : LogLevel::warning;
}

logs::Line line_of(std::string_view event, std::string_view event_class) {
  logs::Line line;
  line.event = event;
  line.event_class = event_class;
  return line;
}

void log_source(RunLog& log, const SourceOutcome& source) {
  for (const ItemError& item : source.item_errors) {
    logs::Line line = line_of(logs::kItem, "item");
    line.severity = LogLevel::warning;
    line.source = source.source;
    line.path = item.path;
    line.message = render(item.message, Language::en);
    log.record(line);
  }
  logs::Line line = line_of(logs::kSource, "source");
  line.source = source.source;
  line.numbers["unreadable_or_changed"] = source.item_error_count;
  if (source.summary) {
    line.numbers["files"] = source.summary->total_files_processed;
    line.numbers["bytes"] = source.summary->total_bytes_processed;
  }
  log.record(line, source.failure);
}

void log_generation(RunLog& log, const RunReport& report, const RunOutcome& outcome) {
  logs::Line line = line_of(logs::kGeneration, "generation");
  line.severity = severity_of(outcome.verdict);
  line.source = outcome.source;
  line.destination = outcome.destination;
  line.verdict = to_string(outcome.verdict);
  line.read_back = outcome.read_back;
  if (outcome.snapshot) line.snapshot = outcome.snapshot->hex();
  line.numbers["bytes_stored"] = outcome.bytes_stored;
  line.numbers["unreadable"] = outcome.unreadable;
  for (const SourceOutcome& source : report.sources) {
    if (source.source != outcome.source || !source.summary) continue;
    line.numbers["files"] = source.summary->total_files_processed;
    line.numbers["bytes"] = source.summary->total_bytes_processed;
  }
  log.record(line, outcome.failure);
}

}  // namespace

RunLog::RunLog(const Environment& environment, const policy::Policy& policy)
    : outer_(environment), policy_(policy), logged_(with_log(environment, *this)) {}

void RunLog::begin(const std::string& run, const SlotId& slot) {
  run_ = run;
  slot_ = slot;
  logs::Line line = line_of(logs::kRunStarted, "run");
  line.message = outer_.program_version;
  record(line);
}

void RunLog::finish(Verdict verdict,
                    const std::optional<Error>& failure,
                    std::chrono::nanoseconds duration) {
  logs::Line line = line_of(logs::kRunFinished, "run");
  line.severity = severity_of(verdict);
  line.verdict = to_string(verdict);
  line.numbers["milliseconds"] = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  record(line, failure);
}

void RunLog::record_result(const std::string& destination,
                           Verdict verdict,
                           const Text& summary,
                           const std::optional<Error>& failure) {
  logs::Line line = line_of(logs::kResult, "maintenance");
  line.severity = severity_of(verdict);
  line.destination = destination;
  line.verdict = to_string(verdict);
  line.message = render(summary, policy_.language);
  record(line, failure);
}

void RunLog::say_notes(const RunReport& report) {
  for (const Text& note : report.frozen) outer_.log.warning(note);
  record_notes(report);
}

void RunLog::stop() {
  logs::Line line = line_of(logs::kRunStopped, "run");
  line.severity = LogLevel::warning;
  record(line);
}

void RunLog::write(LogLevel level, const Text& message) {
  outer_.log.write(level, message);
  logs::Line line = line_of(message.key, kMessageClass);
  line.severity = level;
  line.message = render(message, policy_.language);
  record(line);
}

void RunLog::record(logs::Line line) {
  if (outer_.log_sink == nullptr) return;
  line.time = outer_.clock.now();
  line.utc_offset = outer_.local_offset(format::to_timestamp(line.time).seconds);
  line.policy = policy_.name;
  line.job = slot_.job;
  line.group = slot_.group;
  line.slot = slot_.scheduled;
  line.run = run_;
  outer_.log_sink->write(line);
}

void RunLog::record(logs::Line line, const std::optional<Error>& failure) {
  if (failure) {
    // Left out because a hook asked for it is no failure.
    const bool is_left_out = failure->code() == ErrorCode::skipped;
    line.severity = is_left_out ? LogLevel::warning : LogLevel::error;
    line.event_class = to_string(failure->code());
    line.message = render(*failure, policy_.language);
    if (failure->hint()) line.hint = render(*failure->hint(), policy_.language);
  }
  record(std::move(line));
}

void RunLog::record_notes(const RunReport& report) {
  for (; notes_recorded_ < report.frozen.size(); ++notes_recorded_) {
    const Text& note = report.frozen[notes_recorded_];
    logs::Line line = line_of(note.key, "note");
    line.severity = LogLevel::warning;
    line.message = render(note, Language::en);
    record(line);
  }
}

void log_removal(RunLog& log, const ForgottenSnapshot& gone) {
  logs::Line line = line_of(logs::kRemoved, "retention");
  line.source = gone.source;
  line.destination = gone.destination;
  line.snapshot = gone.snapshot.hex();
  line.numbers["snapshot_seconds"] = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(gone.time.time_since_epoch()).count());
  line.message = render(gone.reason, Language::en);
  log.record(line);
}

void log_outcomes(RunLog& log, const RunReport& report) {
  for (const SourceOutcome& source : report.sources) log_source(log, source);
  for (const RunOutcome& outcome : report.outcomes) log_generation(log, report, outcome);
  for (const ForgottenSnapshot& gone : report.forgotten) log_removal(log, gone);
  log.record_notes(report);
}

}  // namespace hikae
