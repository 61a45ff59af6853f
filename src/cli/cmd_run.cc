// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/json.h"
#include "base/units.h"
#include "cli/backup_progress.h"
#include "cli/job_environment.h"
#include "cli/run_output.h"
#include "cli/session.h"
#include "cli/snapshot_options.h"
#include "cli/sync_progress.h"
#include "cli/told_run.h"
#include "cli/verdict_text.h"
#include "policy/time_zone.h"
#include "scheduler/tick.h"
#include "service/run.h"

namespace hikae::cli {
namespace {

struct RunFlags {
  std::vector<std::string> sources;
  std::vector<std::string> destinations;
  bool force = false;
  bool due = false;
  bool wait = false;
};

std::string state_word(const Session& session, Verdict verdict) {
  return render(verdict_text(verdict), session.console.language());
}

const SourceOutcome* find_source(const RunReport& report, const std::string& name) {
  for (const SourceOutcome& source : report.sources) {
    if (source.source == name) return &source;
  }
  return nullptr;
}

void print_outcomes(const Session& session, const RunReport& report) {
  if (report.outcomes.empty()) return;
  const Language language = session.console.language();
  Table table;
  for (const char* heading :
       {"cli_run.source", "cli_run.destination", "cli_run.verdict", "cli_run.snapshot"}) {
    table.add_column(render(text(heading), language));
  }
  for (const char* heading : {"cli_run.files", "cli_run.size", "cli_run.added"}) {
    table.add_column(render(text(heading), language), Table::Align::right);
  }
  for (const RunOutcome& outcome : report.outcomes) {
    const SourceOutcome* source = find_source(report, outcome.source);
    const bool known = source != nullptr && source->summary;
    table.add_row({outcome.source,
                   outcome.destination,
                   state_word(session, outcome.verdict),
                   outcome.snapshot ? outcome.snapshot->short_hex() : "-",
                   known ? std::to_string(source->summary->total_files_processed) : "-",
                   known ? format_bytes(source->summary->total_bytes_processed) : "-",
                   format_bytes(outcome.bytes_stored)});
  }
  session.console.print(table.render());
}

void print_notes(const Session& session, const RunReport& report) {
  for (const SourceOutcome& source : report.sources) {
    for (const Text& note : source.notes) {
      session.console.say(
          text("cli_run.note",
               {{"source", source.source}, {"note", render(note, session.console.language())}}));
    }
  }
}

void print_problems(const Session& session, const RunReport& report) {
  constexpr std::size_t kMostShown = 20;
  for (const SourceOutcome& source : report.sources) {
    std::size_t shown = 0;
    for (const ItemError& item : source.item_errors) {
      if (shown++ == kMostShown) break;
      session.console.warning(text("cli_run.item",
                                   {{"source", source.source},
                                    {"path", printable(item.path)},
                                    {"reason", render(item.message, session.console.language())}}));
    }
    if (source.item_error_count > kMostShown) {
      session.console.warning(text(
          "cli_run.more_items", {{"count", std::to_string(source.item_error_count - kMostShown)}}));
    }
  }
  // A destination that is down fails every source in the same words: said once.
  const Language language = session.console.language();
  std::set<std::string> said;
  for (const RunOutcome& outcome : report.outcomes) {
    if (outcome.failure && said.insert(render(*outcome.failure, language)).second)
      session.console.error(*outcome.failure);
  }
  for (const Text& frozen : report.frozen) {
    if (said.insert(render(frozen, language)).second) session.console.warning(frozen);
  }
  if (report.failure) session.console.error(*report.failure);
}

// A slow line: how far it is, and when it will be done.
void print_filling(const Session& session, const RunReport& report, const policy::Policy& policy) {
  for (const RunOutcome& outcome : report.outcomes) {
    if (!outcome.filling) continue;
    const Filling& filling = *outcome.filling;
    const double share = filling.bytes_total == 0
                             ? 0
                             : 100.0 * static_cast<double>(filling.bytes_done) /
                                   static_cast<double>(filling.bytes_total);
    const Text::Arguments arguments = {
        {"destination", outcome.destination},
        {"source", outcome.source},
        {"percent", fmt::format("{:.1f}", share)},
        {"total", format_bytes(filling.bytes_total)},
        {"expected",
         filling.expected ? policy::policy_time(policy.timezone, *filling.expected)
                          : std::string()}};
    session.console.warning(filling.expected ? text("cli_run.filling_until", arguments)
                                             : text("cli_run.filling", arguments));
  }
}

std::string duration_words(std::chrono::nanoseconds duration) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(duration));
}

void print_protection(const Session& session, const RunReport& report) {
  const ProtectionTimes times = protection_times(report);
  if (!times.first) return;
  if (times.all) {
    session.console.say(
        text("cli_run.protected",
             {{"first", duration_words(*times.first)}, {"all", duration_words(*times.all)}}));
  } else {
    session.console.say(text("cli_run.protected_once", {{"first", duration_words(*times.first)}}));
  }
}

void print_changes(const Session& session, const RunReport& report, const policy::Policy& policy) {
  for (const CaughtUpSnapshot& copy : report.caught_up) {
    session.console.say(text("cli_run.caught_up",
                             {{"source", copy.source},
                              {"from", copy.from},
                              {"to", copy.to},
                              {"time", policy::policy_time(policy.timezone, copy.time)}}));
  }
  for (const ForgottenSnapshot& gone : report.forgotten) {
    session.console.say(text("cli_run.forgotten",
                             {{"source", gone.source},
                              {"destination", gone.destination},
                              {"time", policy::policy_time(policy.timezone, gone.time)},
                              {"reason", render(gone.reason, session.console.language())}}));
  }
}

std::uint64_t milliseconds_of(std::chrono::nanoseconds duration) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void write_protection(JsonWriter& json, const RunReport& report) {
  const ProtectionTimes times = protection_times(report);
  if (times.first) json.member("milliseconds_to_protect", milliseconds_of(*times.first));
  if (times.all) json.member("milliseconds_to_complete", milliseconds_of(*times.all));
}

void write_outcome(JsonWriter& json, const RunReport& report, const RunOutcome& outcome) {
  json.begin_object();
  json.member("source", outcome.source).member("destination", outcome.destination);
  json.member("verdict", to_string(outcome.verdict));
  if (outcome.snapshot) json.member("snapshot", outcome.snapshot->hex());
  json.key("read_back").boolean(outcome.read_back);
  json.key("caught_up").boolean(outcome.caught_up);
  json.key("detached").boolean(outcome.detached);
  if (outcome.sealed)
    json.member("sealed", format::to_rfc3339(format::to_timestamp(*outcome.sealed)));
  if (outcome.filling) write_filling(json, *outcome.filling);
  json.member("bytes_stored", outcome.bytes_stored).member("unreadable", outcome.unreadable);
  json.member("changed", outcome.changed);
  const SourceOutcome* source = find_source(report, outcome.source);
  if (source != nullptr && source->summary) {
    json.member("files", source->summary->total_files_processed);
    json.member("bytes", source->summary->total_bytes_processed);
  }
  if (outcome.failure) {
    json.member("error", render(*outcome.failure, Language::en))
        .member("code", to_string(outcome.failure->code()));
  }
  json.end_object();
}

void write_source(JsonWriter& json, const SourceOutcome& source) {
  json.begin_object().member("source", source.source);
  if (!source.facts.empty()) json.key("facts").raw(source.facts);
  json.end_object();
}

void write_connection(JsonWriter& json, const ConnectionRecord& connection) {
  json.begin_object().member("destination", connection.destination);
  if (!connection.protocol.empty()) {
    json.member("protocol", connection.protocol).member("cipher", connection.cipher);
    json.key("is_aes_256").boolean(connection.is_aes_256);
  }
  json.key("requests").begin_object();
  for (const ConnectionRecord::Requests& kind : connection.requests) {
    json.key(kind.kind).begin_object().member("requests", kind.requests);
    json.member("bytes_sent", kind.bytes_sent).member("bytes_received", kind.bytes_received);
    json.end_object();
  }
  json.end_object().end_object();
}

}  // namespace

void write_filling(JsonWriter& json, const Filling& filling) {
  json.key("filling").begin_object();
  json.member("bytes_done", filling.bytes_done).member("bytes_total", filling.bytes_total);
  if (filling.expected)
    json.member("expected", format::to_rfc3339(format::to_timestamp(*filling.expected)));
  json.end_object();
}

std::string run_to_json(const RunReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("run", report.run_id).member("verdict", to_string(report.verdict));
  json.member("started", format::to_rfc3339(format::to_timestamp(report.started)));
  json.member("finished", format::to_rfc3339(format::to_timestamp(report.finished)));
  write_protection(json, report);
  json.key("outcomes").begin_array();
  for (const RunOutcome& outcome : report.outcomes) write_outcome(json, report, outcome);
  json.end_array().key("sources").begin_array();
  for (const SourceOutcome& source : report.sources) write_source(json, source);
  json.end_array().key("forgotten").begin_array();
  for (const ForgottenSnapshot& gone : report.forgotten) {
    json.begin_object().member("source", gone.source).member("destination", gone.destination);
    json.member("snapshot", gone.snapshot.hex()).member("rule", gone.rule);
    json.member("time", format::to_rfc3339(format::to_timestamp(gone.time))).end_object();
  }
  json.end_array().key("caught_up").begin_array();
  for (const CaughtUpSnapshot& copy : report.caught_up) {
    json.begin_object()
        .member("source", copy.source)
        .member("from", copy.from)
        .member("to", copy.to);
    json.member("snapshot", copy.snapshot.hex()).end_object();
  }
  json.end_array().key("connections").begin_array();
  for (const ConnectionRecord& connection : report.connections) write_connection(json, connection);
  json.end_array().key("notes").begin_array();
  for (const Text& note : report.frozen) json.value(render(note, Language::en));
  json.end_array().key("low_space").begin_array();
  for (const Text& note : report.low_space) json.value(render(note, Language::en));
  json.end_array();
  if (report.failure) json.member("error", render(*report.failure, Language::en));
  json.end_object();
  return out + "\n";
}

void print_run(const Session& session, const RunReport& report, const policy::Policy& policy) {
  print_outcomes(session, report);
  print_notes(session, report);
  print_changes(session, report, policy);
  print_filling(session, report, policy);
  print_problems(session, report);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(report.finished - report.started);
  print_protection(session, report);
  session.console.say(text("cli_run.summary",
                           {{"policy", policy.name},
                            {"verdict", state_word(session, report.verdict)},
                            {"duration", format_duration(seconds)}}));
}

namespace {

bool is_good_everywhere(const RunOptions& options, const RunReport& report) {
  return options.sources.empty() && options.destinations.empty() && !report.outcomes.empty() &&
         std::all_of(report.outcomes.begin(), report.outcomes.end(), [](const RunOutcome& outcome) {
           return outcome.read_back && outcome.verdict <= Verdict::warning;
         });
}

int run_due(const Session& session, const RunFlags& flags) {
  if (!flags.sources.empty() || !flags.destinations.empty() || flags.force ||
      !session.options.destination.empty())
    throw Error(ErrorCode::invalid_argument, text("cli_due.alone"));
  return run_due_slots(session, flags.wait ? Waiting::for_retries : Waiting::no);
}

RunOptions run_options(const Session& session, const RunFlags& flags) {
  RunOptions options;
  options.sources = flags.sources;
  options.destinations = flags.destinations;
  // -d means the same here as for every other verb.
  if (!session.options.destination.empty())
    options.destinations.push_back(session.options.destination);
  options.changes = flags.force ? ChangeDetection::force_read : ChangeDetection::strict;
  options.lock_options = lock_options(session.options);
  return options;
}

int run(const Session& session, const RunFlags& flags) {
  if (flags.due) return run_due(session, flags);
  if (flags.wait) throw Error(ErrorCode::invalid_argument, text("cli_due.wait_alone"));
  const LoadedPolicy loaded = load_policy(session);
  const auto journal = Journal::open_lenient(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  const JobEnvironment job(session, loaded);
  RunOptions options = run_options(session, flags);
  options.policy_text = loaded.text;
  BackupProgressLine progress(session);
  SyncProgressLine catch_up(session);
  RunObserver observer;
  catch_up.observe(observer);
  observer.source_begins = [&](const std::string& source, BackupProgress& counters) {
    progress.begin(source, counters);
  };
  observer.source_ends = [&](const std::string&) { progress.end(); };
  observer.phase = [&](const Text& phase) {
    session.console.progress(render(phase, session.console.language()));
  };
  ToldRun told(session, loaded.policy, *journal);
  const auto shared_report = told.run([&] {
    return run_policy(loaded.policy, options, job.environment(), *journal, observer, session.stop);
  });
  const RunReport& report = *shared_report;
  session.console.clear_progress();
  if (session.options.json) {
    session.console.print(run_to_json(report));
  } else {
    print_run(session, report, loaded.policy);
  }
  told.tell(shared_report);
  if (is_good_everywhere(options, report))
    end_reminders(*journal, loaded.policy.name, "backup", session.environment.clock.now());
  return exit_code(report.verdict);
}

}  // namespace

void add_run(Command& root, const Session& session) {
  auto flags = std::make_shared<RunFlags>();  // shared with the callback, which outlives this call
  Command& command = root.add_command(
      "run", text("cli_run.help"), [&session, flags] { return run(session, *flags); });
  command.list("--source", flags->sources, "NAME", text("cli_run.help_source"));
  command.list("--only-destination", flags->destinations, "NAME", text("cli_run.help_destination"));
  command.flag("--force", flags->force, text("cli_run.help_force"));
  command.flag("--due", flags->due, text("cli_due.help_due"));
  command.flag("--wait", flags->wait, text("cli_due.help_wait"));
}

}  // namespace hikae::cli
