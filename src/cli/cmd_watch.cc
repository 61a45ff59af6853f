// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/json.h"
#include "base/units.h"
#include "cli/event_sink.h"
#include "cli/session.h"
#include "cli/verdict_text.h"
#include "format/time.h"
#include "policy/time_zone.h"
#include "service/watch.h"

namespace hikae::cli {
namespace {

struct WatchFlags {
  std::string host;
  std::string max_age;
  bool without_password = false;
  bool tell = false;
};

WatchOptions options_of(const WatchFlags& flags) {
  WatchOptions options;
  options.host = flags.host;
  if (flags.without_password) options.evidence = WatchOptions::Evidence::file_times;
  if (flags.max_age.empty()) return options;
  options.max_age = parse_duration(flags.max_age);
  if (!options.max_age) {
    throw Error(ErrorCode::invalid_argument,
                text("cli.bad_duration", {{"option", "--max-age"}, {"value", flags.max_age}}))
        .with_hint(text("cli.bad_duration_hint"));
  }
  return options;
}

std::string to_json(const WatchReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("verdict", to_string(report.verdict)).key("watched").begin_array();
  for (const Watched& one : report.watched) {
    json.begin_object();
    if (!one.source.empty()) json.member("source", one.source);
    json.member("destination", one.destination).member("verdict", to_string(one.verdict));
    if (one.newest) json.member("newest", format::to_rfc3339(format::to_timestamp(*one.newest)));
    if (one.due) json.member("due", format::to_rfc3339(format::to_timestamp(*one.due)));
    if (one.failure) json.member("error", render(*one.failure, Language::en));
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

void print(const Session& session, const WatchReport& report, const std::string& zone) {
  const Language language = session.console.language();
  for (const Watched& one : report.watched) {
    const Text::Arguments names{
        {"source", one.source.empty() ? "*" : one.source},
        {"destination", one.destination},
        {"newest", one.newest ? policy::policy_time(zone, *one.newest) : "-"},
        {"due", one.due ? policy::policy_time(zone, *one.due) : "-"},
        {"verdict", render(verdict_text(one.verdict), language)}};
    if (one.failure)
      session.console.error(*one.failure);
    else if (one.verdict == Verdict::failed)
      session.console.warning(one.newest ? text("cli_watch.overdue", names)
                                         : text("cli_watch.nothing", names));
    else if (one.verdict == Verdict::warning)
      session.console.warning(text("cli_watch.future", names));
    else
      session.console.say(text("cli_watch.fresh", names));
  }
  session.console.say(
      text("cli_watch.verdict", {{"verdict", render(verdict_text(report.verdict), language)}}));
}

Text sentence_for(const Watched& one, const std::string& zone) {
  const Text::Arguments names{{"source", one.source.empty() ? "*" : one.source},
                              {"destination", one.destination},
                              {"newest", one.newest ? policy::policy_time(zone, *one.newest) : "-"},
                              {"due", one.due ? policy::policy_time(zone, *one.due) : "-"},
                              {"verdict", std::string(to_string(one.verdict))}};
  return one.newest ? text("cli_watch.overdue", names) : text("cli_watch.nothing", names);
}

// The alarm through the policy's channels. The slot is the newest that is missing, so that the
// channels, which say everything once, say it once for each however often somebody looks.
void alarm(const Session& session, const policy::Policy& policy, const WatchReport& report) {
  const Environment& environment = session.environment;
  const auto journal =
      Journal::open_lenient(environment.state_directory, environment.clock, environment.log);
  const auto sink = make_event_sink(session, policy, *journal);
  const Instant now = environment.clock.now();
  SlotEvent event;
  event.kind = EventKind::missed;
  event.time = now;
  event.policy = policy.name;
  event.slot = {"backup", "watch", Instant{}};
  event.verdict = Verdict::failed;
  for (const Watched& one : report.watched) {
    if (one.verdict != Verdict::failed) continue;
    if (one.due) event.slot.scheduled = std::max(event.slot.scheduled, *one.due);
    const bool is_known =
        std::find(event.sources.begin(), event.sources.end(), one.source) != event.sources.end();
    if (!one.source.empty() && !is_known) event.sources.push_back(one.source);
    event.notes.push_back(sentence_for(one, policy.timezone));
  }
  event.next_step = text("cli_watch.next_step");
  if (!event.notes.empty()) sink->deliver(event);
  sink->tick(now);  // also what could not be delivered before
}

int tell(const Session& session, const WatchReport& report, const std::string& zone) {
  if (session.options.json)
    session.console.print(to_json(report));
  else
    print(session, report, zone);
  return exit_code(report.verdict);
}

int watch(const Session& session, const WatchFlags& flags) {
  const WatchOptions options = options_of(flags);
  if (!session.options.repository.empty()) {
    if (!options.max_age) {
      throw Error(ErrorCode::invalid_argument, text("cli_watch.needs_age"))
          .with_hint(text("cli_watch.needs_age_hint"));
    }
    const auto backend = open_repository_backend(session, AccessMode::read_only);
    return tell(session, watch_place(*backend, options, session.environment, session.stop), "UTC");
  }
  const LoadedPolicy loaded = load_policy(session);
  const WatchReport report =
      watch_policy(loaded.policy, options, session.environment, session.stop);
  if (flags.tell) alarm(session, loaded.policy, report);
  return tell(session, report, loaded.policy.timezone);
}

}  // namespace

void add_watch(Command& root, const Session& session) {
  auto flags = std::make_shared<WatchFlags>();  // shared with the callback
  Command& command = root.add_command(
      "watch", text("cli_watch.help"), [&session, flags] { return watch(session, *flags); });
  command.option("--host", flags->host, "NAME", text("cli_watch.help_host"));
  command.option("--max-age", flags->max_age, "DURATION", text("cli_watch.help_max_age"));
  command.flag("--tell", flags->tell, text("cli_watch.help_tell"));
  command.flag(
      "--without-password", flags->without_password, text("cli_watch.help_without_password"));
}

}  // namespace hikae::cli
