// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "base/json.h"
#include "cli/session.h"
#include "health/doctor.h"

namespace hikae::cli {
namespace {

using survey::Finding;
using survey::Severity;

std::size_t count(const std::vector<Finding>& findings, Severity severity) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.severity == severity;
      }));
}

Text severity_text(Severity severity) {
  switch (severity) {
    case Severity::ok:
      return text("cli_doctor.ok");
    case Severity::hint:
      return text("cli_doctor.hint");
    case Severity::warning:
      return text("cli_doctor.warning");
    case Severity::error:
      break;
  }
  return text("cli_doctor.error");
}

void print(const Session& session, const std::vector<Finding>& findings) {
  const Language language = session.console.language();
  for (const Finding& finding : findings) {
    if (session.options.quiet && finding.severity < Severity::warning) continue;
    session.console.print(printable_lines("[" + render(severity_text(finding.severity), language) +
                                          "] " + finding.area + " " + finding.where + ": " +
                                          survey::words_of(finding, language)) +
                          "\n");
    if (finding.fix)
      session.console.print(
          printable_lines(
              render(text("cli_doctor.fix", {{"fix", render(*finding.fix, language)}}), language)) +
          "\n");
  }
  session.console.say(text("cli_doctor.summary",
                           {{"errors", std::to_string(count(findings, Severity::error))},
                            {"warnings", std::to_string(count(findings, Severity::warning))},
                            {"good", std::to_string(count(findings, Severity::ok))}}));
}

std::string to_json(const std::vector<Finding>& findings) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("severity", survey::to_string(survey::worst(findings)));
  json.key("findings").begin_array();
  for (const Finding& finding : findings) {
    json.begin_object().member("severity", survey::to_string(finding.severity));
    json.member("area", finding.area)
        .member("where", finding.where)
        .member("code", finding.what.key);
    json.member("what", survey::words_of(finding, Language::en));
    if (finding.fix) json.member("fix", render(*finding.fix, Language::en));
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

struct Flags {
  std::string root;
  bool sends_test = false;
};

int doctor(const Session& session, const Flags& flags) {
  const LoadedPolicy loaded = load_policy(session);
  DoctorRequest request{loaded.path, flags.root};
  if (flags.sends_test) request.messages = DoctorRequest::Messages::test;
  const std::vector<Finding> findings =
      examine(loaded.policy, request, session.environment, session.stop);
  if (session.options.json) {
    session.console.print(to_json(findings));
  } else {
    print(session, findings);
  }
  return survey::worst(findings) == Severity::error ? 1 : 0;
}

}  // namespace

void add_doctor(Command& root, const Session& session) {
  auto flags = std::make_shared<Flags>();  // shared with the callback
  Command& command = root.add_command(
      "doctor", text("cli_doctor.help"), [&session, flags] { return doctor(session, *flags); });
  command.option("--root", flags->root, "FOLDER", text("cli_doctor.help_root"));
  command.flag("--notify", flags->sends_test, text("cli_doctor.help_notify"));
}

}  // namespace hikae::cli
