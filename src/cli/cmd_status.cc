// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/json.h"
#include "base/units.h"
#include "cli/progress.h"
#include "cli/run_output.h"
#include "cli/session.h"
#include "cli/slot_views.h"
#include "cli/status_nagios.h"
#include "cli/verdict_text.h"
#include "format/time.h"
#include "health/status.h"
#include "policy/time_zone.h"

namespace hikae::cli {
namespace {

std::string verdict_word(const Session& session, Verdict verdict) {
  return render(verdict_text(verdict), session.console.language());
}

void print_sources(const Session& session,
                   const StatusReport& report,
                   const policy::Policy& policy) {
  const Language language = session.console.language();
  Table table;
  for (const char* heading : {"cli_run.source",
                              "cli_run.destination",
                              "cli_run.verdict",
                              "cli_status.newest",
                              "cli_status.sealed"}) {
    table.add_column(render(text(heading), language));
  }
  table.add_column(render(text("cli_status.generations"), language), Table::Align::right);
  table.add_column(render(text("cli_run.size"), language), Table::Align::right);
  for (const SourceStatus& source : report.sources) {
    table.add_row({source.source,
                   source.destination,
                   verdict_word(session, source.verdict),
                   source.newest ? policy::policy_time(policy.timezone, *source.newest) : "-",
                   source.sealed ? policy::policy_time(policy.timezone, *source.sealed) : "-",
                   std::to_string(source.generations),
                   source.newest ? format_bytes(source.newest_bytes) : "-"});
  }
  session.console.print(table.render() + "\n");
}

// When the newest generation of each source was safe.
void print_protection(const Session& session,
                      const StatusReport& report,
                      const policy::Policy& policy) {
  for (const Protection& protection : report.protection) {
    if (!protection.protected_at) continue;
    const auto after = [&](Instant moment) {
      return format_duration(
          std::chrono::duration_cast<std::chrono::seconds>(moment - protection.generation));
    };
    Text::Arguments facts{{"source", protection.source},
                          {"first", policy::policy_time(policy.timezone, *protection.protected_at)},
                          {"first_after", after(*protection.protected_at)}};
    if (protection.completed_at) {
      facts.emplace_back("all", policy::policy_time(policy.timezone, *protection.completed_at));
      facts.emplace_back("all_after", after(*protection.completed_at));
    }
    session.console.say(
        {protection.completed_at ? "cli_status.protected" : "cli_status.protected_once", facts});
  }
}

// Whether the way to a destination is as the policy's in_transit has it, for the auditor.
std::string aes_word(const Session& session, const DestinationStatus& destination) {
  const auto word = [&](std::string_view key) {
    return render(text(key), session.console.language());
  };
  if (destination.is_folder) return word("cli_status.aes_256_folder");
  if (destination.failure) return "-";
  const bool is_aes_256 = destination.transport && destination.transport->is_aes_256;
  return word(is_aes_256 ? "cli_status.aes_256_yes" : "cli_status.aes_256_no");
}

void print_destinations(const Session& session, const StatusReport& report) {
  const Language language = session.console.language();
  Table table;
  table.add_column(render(text("cli_run.destination"), language));
  table.add_column(render(text("cli_status.place"), language));
  table.add_column(render(text("cli_status.free"), language), Table::Align::right);
  table.add_column(render(text("cli_status.transport"), language));
  table.add_column(render(text("cli_status.aes_256"), language));
  for (const DestinationStatus& destination : report.destinations) {
    std::string free = "-";
    if (destination.space) {
      free = render(text("cli_status.free_of",
                         {{"free", format_bytes(destination.space->free_bytes)},
                          {"total", format_bytes(destination.space->total_bytes)}}),
                    language);
    }
    const auto& transport = destination.transport;
    table.add_row({destination.destination,
                   destination.location,
                   free,
                   transport ? transport->cipher + " (" + transport->protocol + ")" : "-",
                   aes_word(session, destination)});
  }
  session.console.print(table.render() + "\n");
}

void print_notes(const Session& session, const StatusReport& report) {
  for (const DestinationStatus& destination : report.destinations) {
    if (destination.failure) session.console.error(*destination.failure);
  }
  for (const SourceStatus& source : report.sources) {
    for (const Text& note : source.notes) session.console.warning(note);
  }
  for (const Text& note : report.notes) session.console.warning(note);
}

void print_last_run(const Session& session,
                    const StatusReport& report,
                    const policy::Policy& policy) {
  const auto backup = std::find_if(report.runs.begin(), report.runs.end(), [](const auto& one) {
    return one.slot.job == "backup";
  });
  if (backup == report.runs.end()) return;
  const RunRecord& run = *backup;
  const std::string verdict =
      run.verdict ? verdict_word(session, *run.verdict)
                  : render(text("cli_status.unfinished"), session.console.language());
  session.console.say(text("cli_status.last_run",
                           {{"time", policy::policy_time(policy.timezone, run.started)},
                            {"zone", policy.timezone},
                            {"verdict", verdict}}));
}

void write_notes(JsonWriter& json, const std::vector<Text>& notes) {
  json.key("notes").begin_array();
  for (const Text& note : notes) json.value(render(note, Language::en));
  json.end_array();
}

std::string time_of(Instant time) {
  return format::to_rfc3339(format::to_timestamp(time));
}

void write_slots(JsonWriter& json, const std::vector<SlotRecord>& slots) {
  json.key("slots").begin_array();
  for (const SlotRecord& slot : slots) {
    json.begin_object().member("job", slot.id.job).member("group", slot.id.group);
    json.member("scheduled", time_of(slot.id.scheduled)).member("state", word_of(slot.state));
    json.member("tries", slot.attempts);
    if (slot.verdict) json.member("verdict", to_string(*slot.verdict));
    if (slot.next_try) json.member("next_try", time_of(*slot.next_try));
    if (slot.settled) json.member("settled", time_of(*slot.settled));
    if (slot.acknowledged) json.member("acknowledged", time_of(*slot.acknowledged));
    json.end_object();
  }
  json.end_array();
}

void write_outbox(JsonWriter& json, const std::vector<Notice>& waiting) {
  json.key("outbox").begin_array();
  for (const Notice& notice : waiting) {
    json.begin_object().member("id", notice.id).member("channel", notice.channel);
    json.member("subject", notice.subject).member("created", time_of(notice.created));
    json.member("tries", notice.tries).member("next_try", time_of(notice.next_try));
    if (!notice.answer.empty()) json.member("answer", notice.answer);
    json.end_object();
  }
  json.end_array();
}

void write_source(JsonWriter& json, const SourceStatus& source) {
  json.begin_object().member("source", source.source).member("destination", source.destination);
  json.member("verdict", to_string(source.verdict))
      .member("generations", std::uint64_t{source.generations});
  if (source.newest)
    json.member("newest", time_of(*source.newest)).member("bytes", source.newest_bytes);
  if (source.newest_snapshot) json.member("snapshot", source.newest_snapshot->hex());
  if (source.sealed) json.member("sealed", time_of(*source.sealed));
  if (source.filling) write_filling(json, *source.filling);
  write_notes(json, source.notes);
  json.end_object();
}

void write_protection(JsonWriter& json, const Protection& protection) {
  json.begin_object().member("source", protection.source);
  json.member("generation", time_of(protection.generation));
  if (protection.protected_at) json.member("protected", time_of(*protection.protected_at));
  if (protection.completed_at) json.member("completed", time_of(*protection.completed_at));
  json.end_object();
}

void write_destination(JsonWriter& json, const DestinationStatus& destination) {
  json.begin_object()
      .member("destination", destination.destination)
      .member("location", destination.location);
  if (destination.space) {
    json.member("free_bytes", destination.space->free_bytes)
        .member("total_bytes", destination.space->total_bytes);
  }
  if (const auto& transport = destination.transport) {
    json.key("transport").begin_object();
    json.member("protocol", transport->protocol).member("cipher", transport->cipher);
    json.key("is_aes_256").boolean(transport->is_aes_256).end_object();
  }
  if (destination.failure) json.member("error", render(*destination.failure, Language::en));
  json.end_object();
}

void write_run(JsonWriter& json, const RunRecord& run) {
  json.begin_object().member("run", run.id).member("job", run.slot.job);
  json.member("started", time_of(run.started));
  if (run.finished) json.member("finished", time_of(*run.finished));
  if (run.verdict) json.member("verdict", to_string(*run.verdict));
  json.end_object();
}

std::string to_json(const StatusReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("verdict", to_string(report.verdict)).key("sources").begin_array();
  for (const SourceStatus& source : report.sources) write_source(json, source);
  json.end_array().key("protection").begin_array();
  for (const Protection& protection : report.protection) write_protection(json, protection);
  json.end_array().key("destinations").begin_array();
  for (const DestinationStatus& destination : report.destinations)
    write_destination(json, destination);
  json.end_array().key("runs").begin_array();
  for (const RunRecord& run : report.runs) write_run(json, run);
  json.end_array();
  write_slots(json, report.slots);
  write_outbox(json, report.waiting);
  write_notes(json, report.notes);
  json.end_object();
  return out + "\n";
}

// A plugin says what it knows on one line of standard output, whatever happens.
int nagios(const Session& session) {
  const Language language = session.console.language();
  try {
    const LoadedPolicy loaded = load_policy(session);
    const Environment& environment = session.environment;
    const auto journal =
        Journal::open_lenient(environment.state_directory, environment.clock, environment.log);
    const StatusReport report = read_status(loaded.policy, environment, *journal, session.stop);
    session.console.print(nagios_line(report, loaded.policy, environment.clock.now(), language));
    return nagios_code(report.verdict);
  } catch (const Error& error) {
    session.console.print(nagios_unknown(error, language));
    return kNagiosUnknown;
  }
}

int status(const Session& session) {
  const LoadedPolicy loaded = load_policy(session);
  const auto journal = Journal::open_lenient(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  const StatusReport report =
      read_status(loaded.policy, session.environment, *journal, session.stop);
  if (session.options.json) {
    session.console.print(to_json(report));
    return exit_code(report.verdict);
  }
  print_sources(session, report, loaded.policy);
  print_protection(session, report, loaded.policy);
  print_destinations(session, report);
  print_last_run(session, report, loaded.policy);
  say_slots(session, loaded.policy, *journal);
  say_unacknowledged(session, loaded.policy, report.slots);
  say_waiting(session, loaded.policy, report.waiting);
  print_notes(session, report);
  session.console.say(
      text("cli_status.verdict",
           {{"policy", loaded.policy.name}, {"verdict", verdict_word(session, report.verdict)}}));
  return exit_code(report.verdict);
}

}  // namespace

void add_status(Command& root, const Session& session) {
  auto for_nagios = std::make_shared<bool>(false);  // shared with the callback
  Command& command = root.add_command("status", text("cli_status.help"), [&session, for_nagios] {
    return *for_nagios ? nagios(session) : status(session);
  });
  command.flag("--nagios", *for_nagios, text("cli_watch.help_nagios"));
}

}  // namespace hikae::cli
