// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>

#include "base/json.h"
#include "base/units.h"
#include "cli/session.h"
#include "cli/sync_progress.h"
#include "policy/time_zone.h"
#include "service/run_sync.h"

namespace hikae::cli {
namespace {

struct Flags {
  std::vector<std::string> destinations;
  bool dry_run = false;
};

const std::string& name_of(const SyncReport& report, std::size_t number) {
  return report.destinations[number].name;
}

Text action_text(SyncAction action) {
  switch (action) {
    case SyncAction::present:
      return text("cli_sync.present");
    case SyncAction::copy:
      return text("cli_sync.copy");
    case SyncAction::forgotten:
      return text("cli_sync.forgotten");
    case SyncAction::not_kept:
      return text("cli_sync.not_kept");
  }
  return text("cli_sync.present");
}

// One line for each generation that a destination lacks: what is done about it, and why.
void print_plan(const Session& session, const SyncReport& report, const policy::Policy& policy) {
  const Language language = session.console.language();
  Table table;
  for (const char* heading : {"cli_sync.time",
                              "cli_sync.source",
                              "cli_sync.destination",
                              "cli_sync.action",
                              "cli_sync.from",
                              "cli_sync.reason"})
    table.add_column(render(text(heading), language));
  bool lacks_any = false;
  for (const SyncStep& step : report.plan->steps) {
    if (step.action == SyncAction::present) continue;
    lacks_any = true;
    const bool copies = step.action == SyncAction::copy;
    table.add_row({policy::policy_time(policy.timezone, step.generation.time),
                   step.source,
                   name_of(report, step.to),
                   render(action_text(step.action), language),
                   copies ? name_of(report, step.holders.front().from) : "-",
                   render(step.reason, language)});
  }
  if (lacks_any) session.console.print(table.render());
}

void print_failures(const Session& session,
                    const SyncReport& report,
                    const policy::Policy& policy) {
  for (const SyncReport::Destination& destination : report.destinations) {
    if (destination.failure) session.console.error(*destination.failure);
  }
  for (const SyncOutcome& outcome : report.outcomes) {
    if (!outcome.failure || report.destinations[outcome.step->to].failure) continue;
    Error error = *outcome.failure;
    error.add_context(
        text("cli_sync.copying",
             {{"source", outcome.step->source},
              {"time", policy::policy_time(policy.timezone, outcome.step->generation.time)}}));
    session.console.error(error);
  }
}

void print_end(const Session& session, const SyncReport& report, const Flags& flags) {
  std::size_t copies = 0;
  for (const SyncStep& step : report.plan->steps) copies += step.action == SyncAction::copy ? 1 : 0;
  std::size_t copied = 0;
  std::uint64_t bytes = 0;
  for (const SyncOutcome& outcome : report.outcomes) {
    copied += outcome.snapshot ? 1 : 0;
    bytes += outcome.bytes_moved;
  }
  if (copies == 0) {
    session.console.say(text("cli_sync.nothing"));
  } else if (flags.dry_run) {
    session.console.say(text("cli_sync.would_copy", {{"count", std::to_string(copies)}}));
  } else {
    session.console.say(text("cli_sync.copied",
                             {{"copied", std::to_string(copied)},
                              {"count", std::to_string(copies)},
                              {"size", format_bytes(bytes)}}));
  }
}

void write_step(JsonWriter& json,
                const SyncReport& report,
                const SyncStep& step,
                const SyncOutcome* outcome) {
  json.begin_object().member("source", step.source);
  json.member("time", format::to_rfc3339(format::to_timestamp(step.generation.time)));
  json.member("tree", step.generation.tree.hex());
  json.member("destination", name_of(report, step.to)).member("action", to_string(step.action));
  json.member("reason", render(step.reason, Language::en));
  if (step.action == SyncAction::copy) {
    const std::size_t from = outcome != nullptr ? outcome->from : step.holders.front().from;
    json.member("from", name_of(report, from));
  }
  if (outcome != nullptr) {
    json.member("bytes", outcome->bytes_moved);
    if (outcome->snapshot) json.member("snapshot", outcome->snapshot->hex());
    if (outcome->failure) {
      json.member("error", render(*outcome->failure, Language::en));
      json.member("code", to_string(outcome->failure->code()));
    }
  }
  json.end_object();
}

std::string to_json(const SyncReport& report) {
  std::map<const SyncStep*, const SyncOutcome*> outcomes;
  for (const SyncOutcome& outcome : report.outcomes) outcomes.emplace(outcome.step, &outcome);
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("verdict", to_string(report.verdict));
  json.key("destinations").begin_array();
  for (const SyncReport::Destination& destination : report.destinations) {
    json.begin_object().member("name", destination.name);
    if (destination.failure) {
      json.member("error", render(*destination.failure, Language::en));
      json.member("code", to_string(destination.failure->code()));
    }
    json.end_object();
  }
  json.end_array().key("generations").begin_array();
  for (const SyncStep& step : report.plan->steps) {
    const auto outcome = outcomes.find(&step);
    write_step(json, report, step, outcome == outcomes.end() ? nullptr : outcome->second);
  }
  json.end_array().end_object();
  return out + "\n";
}

int run(const Session& session, const Flags& flags) {
  const LoadedPolicy loaded = load_policy(session);
  SyncRunOptions options;
  options.destinations = flags.destinations;
  if (!session.options.destination.empty())
    options.destinations.push_back(session.options.destination);
  options.effect = flags.dry_run ? SyncRunOptions::Effect::dry_run : SyncRunOptions::Effect::apply;
  options.lock_options = lock_options(session.options);
  SyncProgressLine progress(session);
  RunObserver observer;
  progress.observe(observer);
  // What will be done is shown before it is done: it may take days.
  const auto planned = [&](const SyncReport& report) {
    if (!session.options.json) print_plan(session, report, loaded.policy);
  };
  const Environment& environment = session.environment;
  const auto journal =
      Journal::open_lenient(environment.state_directory, environment.clock, environment.log);
  const SyncReport report =
      run_sync(loaded.policy, options, environment, *journal, observer, planned, session.stop);
  if (session.options.json) {
    session.console.print(to_json(report));
  } else {
    print_failures(session, report, loaded.policy);
    print_end(session, report, flags);
  }
  return exit_code(report.verdict);
}

}  // namespace

void add_sync(Command& root, const Session& session) {
  auto flags = std::make_shared<Flags>();  // shared with the callback, which outlives this call
  Command& command = root.add_command(
      "sync", text("cli_sync.help"), [&session, flags] { return run(session, *flags); });
  command.list("-d,--destination", flags->destinations, "NAME", text("cli_sync.help_destination"));
  command.flag("-n,--dry-run", flags->dry_run, text("cli_sync.help_dry_run"));
}

}  // namespace hikae::cli
