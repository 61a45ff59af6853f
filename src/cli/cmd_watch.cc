// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/json.h"
#include "base/units.h"
#include "cli/session.h"
#include "cli/verdict_text.h"
#include "format/time.h"
#include "health/watch.h"
#include "policy/time_zone.h"
#include "service/announce.h"

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
    json.begin_object().member("job", one.job);
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

Text sentence_for(const Watched& one, const std::string& zone, Language language) {
  const Text::Arguments names{{"source", one.source.empty() ? "*" : one.source},
                              {"destination", one.destination},
                              {"newest", one.newest ? policy::policy_time(zone, *one.newest) : "-"},
                              {"due", one.due ? policy::policy_time(zone, *one.due) : "-"},
                              {"verdict", render(verdict_text(one.verdict), language)}};
  const bool is_check = one.job == "check";
  if (one.verdict == Verdict::warning) return text("cli_watch.future", names);
  if (one.verdict != Verdict::failed)
    return text(is_check ? "cli_watch.check_fresh" : "cli_watch.fresh", names);
  if (!one.newest) return text(is_check ? "cli_watch.check_nothing" : "cli_watch.nothing", names);
  return text(is_check ? "cli_watch.check_overdue" : "cli_watch.overdue", names);
}

void print(const Session& session, const WatchReport& report, const std::string& zone) {
  const Language language = session.console.language();
  for (const Watched& one : report.watched) {
    if (one.failure)
      session.console.error(*one.failure);
    else if (one.verdict == Verdict::ok)
      session.console.say(sentence_for(one, zone, language));
    else
      session.console.warning(sentence_for(one, zone, language));
  }
  session.console.say(
      text("cli_watch.verdict", {{"verdict", render(verdict_text(report.verdict), language)}}));
}

Text next_step_of(const std::string& job) {
  if (job == "notify") return text("service_watch.undelivered_hint");
  return text(job == "check" ? "cli_watch.check_next_step" : "cli_watch.next_step");
}

// The alarm about one job. Its slot is the newest moment that was not kept, so that the channels,
// which say everything once, say it once for each however often somebody looks; with an age instead
// of a schedule, once a day.
std::optional<Overdue> overdue_of(const std::string& job,
                                  const policy::Policy& policy,
                                  const WatchReport& report,
                                  const WatchOptions& options,
                                  Instant now) {
  Overdue overdue;
  overdue.job = job;
  bool is_good_somewhere = false;
  for (const Watched& one : report.watched) {
    if (one.job != job) continue;
    if (one.verdict != Verdict::failed) {
      is_good_somewhere = true;
      continue;
    }
    if (one.due) overdue.due = std::max(overdue.due, *one.due);
    if (one.newest) overdue.newest = std::max(overdue.newest.value_or(*one.newest), *one.newest);
    const Text sentence = sentence_for(one, policy.timezone, policy.language);
    overdue.problems.push_back({one.failure
                                    ? one.destination + ": " + render(*one.failure, policy.language)
                                    : render(sentence, policy.language),
                                ""});
  }
  if (overdue.problems.empty()) return std::nullopt;
  overdue.problems.back().next_step = render(next_step_of(job), policy.language);
  if (options.max_age) overdue.due = std::chrono::floor<std::chrono::days>(now);
  // "Since then none" would be untrue.
  if (is_good_somewhere) overdue.newest.reset();
  return overdue;
}

// Through the policy's channels; also sends what could not be delivered before.
void alarm(const Session& session,
           const policy::Policy& policy,
           const WatchReport& report,
           const WatchOptions& options) {
  const Environment& environment = session.environment;
  const auto journal =
      Journal::open_lenient(environment.state_directory, environment.clock, environment.log);
  for (const char* job : {"backup", "check", "notify"}) {
    if (const auto overdue = overdue_of(job, policy, report, options, environment.clock.now()))
      tell_overdue(*overdue, policy, environment, *journal, session.stop);
  }
  make_outbox(policy, environment, *journal)->send_due(session.stop);
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
  if (flags.tell) alarm(session, loaded.policy, report, options);
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
