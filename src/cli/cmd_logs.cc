// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "base/units.h"
#include "cli/job_environment.h"
#include "cli/verdict_text.h"
#include "format/time.h"
#include "policy/time_zone.h"
#include "service/validate_logs.h"

namespace hikae::cli {
namespace {

constexpr const char* kUsualSpan = "35d";

std::string to_json(const logs::Validation& validation) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("verdict", to_string(validation.verdict));
  json.member("runs", std::uint64_t{validation.runs});
  json.member("slots", std::uint64_t{validation.slots});
  json.member("snapshots", std::uint64_t{validation.snapshots});
  json.key("findings").begin_array();
  for (const logs::Finding& finding : validation.findings) {
    json.begin_object().member("rule", finding.rule);
    json.member("verdict", to_string(finding.verdict));
    if (finding.time) json.member("time", format::to_rfc3339(format::to_timestamp(*finding.time)));
    if (!finding.run.empty()) json.member("run", finding.run);
    if (!finding.source.empty()) json.member("source", finding.source);
    if (!finding.destination.empty()) json.member("destination", finding.destination);
    json.member("message", render(finding.message, Language::en)).end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

void print(const Session& session,
           const logs::Validation& validation,
           const policy::Policy& policy) {
  for (const logs::Finding& finding : validation.findings) {
    session.console.say(
        text("cli_logs.finding",
             {{"verdict", render(verdict_text(finding.verdict), session.console.language())},
              {"time", finding.time ? policy::policy_time(policy.timezone, *finding.time) : "-"},
              {"message", render(finding.message, session.console.language())}}));
  }
  session.console.say(
      text("cli_logs.summary",
           {{"runs", std::to_string(validation.runs)},
            {"slots", std::to_string(validation.slots)},
            {"snapshots", std::to_string(validation.snapshots)},
            {"verdict", render(verdict_text(validation.verdict), session.console.language())}}));
}

int validate(const Session& session, const std::string& span) {
  const auto length = parse_duration(span);
  if (!length) {
    throw Error(ErrorCode::invalid_argument,
                text("cli.bad_duration", {{"option", "--since"}, {"value", span}}))
        .with_hint(text("cli.bad_duration_hint"));
  }
  const LoadedPolicy loaded = load_policy(session);
  Environment environment = session.environment;
  environment.log_directory = log_directory(environment);
  const auto journal =
      Journal::open_lenient(environment.state_directory, environment.clock, environment.log);
  const logs::Validation validation = validate_logs(
      loaded.policy, environment, *journal, environment.clock.now() - *length, session.stop);
  if (session.options.json)
    session.console.print(to_json(validation));
  else
    print(session, validation, loaded.policy);
  return exit_code(validation.verdict);
}

}  // namespace

void add_logs(Command& root, const Session& session) {
  Command& group = root.add_group("logs", text("cli_logs.help"));
  auto span = std::make_shared<std::string>(kUsualSpan);  // shared with the callback
  Command& command = group.add_command("validate",
                                       text("cli_logs.help_validate"),
                                       [&session, span] { return validate(session, *span); });
  command.option("--since", *span, "DURATION", text("cli_logs.help_since"));
}

}  // namespace hikae::cli
