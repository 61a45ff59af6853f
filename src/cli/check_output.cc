// SPDX-License-Identifier: Apache-2.0
#include "cli/check_output.h"

#include "base/json.h"
#include "base/units.h"
#include "cli/each_destination.h"

namespace hikae::cli {
namespace {

using Severity = CheckFinding::Severity;

// Whether what a hint speaks of goes away with the next prune.
bool suggests_prune(const CheckReport& report) {
  for (const CheckFinding& finding : report.findings) {
    if (finding.severity == Severity::hint) return true;
  }
  return false;
}

void print_json(const Session& session, const CheckReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "summary");
  write_destination(session, json);
  json.member("num_errors", report.errors);
  json.key("damaged_snapshots").begin_array();
  for (const SnapshotId& id : report.damaged_snapshots) json.value(id.hex());
  json.end_array().key("suggest_prune").boolean(suggests_prune(report));
  json.member("snapshots", report.snapshots).member("trees", report.trees);
  json.member("packs", report.packs).member("packs_read", report.packs_read);
  json.member("bytes_read", report.bytes_read).key("findings").begin_array();
  for (const CheckFinding& finding : report.findings) {
    json.begin_object();
    json.member("severity", finding.severity == Severity::error ? "error" : "hint");
    json.member("message", render(finding.message, session.console.language())).end_object();
  }
  json.end_array().key("sound").boolean(report.errors == 0).end_object();
  session.console.print(out + "\n");
}

void print_damaged(const Session& session, const CheckReport& report) {
  if (report.damaged_snapshots.empty()) return;
  std::string ids;
  for (const SnapshotId& id : report.damaged_snapshots) ids += " " + id.short_hex();
  session.console.say(text("cli_check.damaged_snapshots",
                           {{"count", std::to_string(report.damaged_snapshots.size())},
                            {"total", std::to_string(report.snapshots)},
                            {"ids", ids.substr(1)}}));
}

void print_words(const Session& session, const CheckReport& report) {
  Console& console = session.console;
  say_destination(session);
  for (const CheckFinding& finding : report.findings) {
    const Text::Arguments message{{"message", render(finding.message, console.language())}};
    console.say(finding.severity == Severity::error ? text("cli_check.error", message)
                                                    : text("cli_check.hint", message));
  }
  print_damaged(session, report);
  console.say(text("cli_check.examined",
                   {{"snapshots", std::to_string(report.snapshots)},
                    {"trees", std::to_string(report.trees)},
                    {"packs", std::to_string(report.packs)}}));
  if (report.packs_read > 0) {
    console.say(text("cli_check.read",
                     {{"packs", std::to_string(report.packs_read)},
                      {"total", std::to_string(report.packs)},
                      {"bytes", format_bytes(report.bytes_read)}}));
  }
  if (report.errors > 0) {
    console.say(text("cli_check.not_sound", {{"count", std::to_string(report.errors)}}));
  } else if (report.packs_read < report.packs) {
    console.say(text("cli_check.structure_sound"));
  } else {
    console.say(text("cli_check.sound"));
  }
}

}  // namespace

void print_check(const Session& session, const CheckReport& report) {
  if (session.options.json) {
    print_json(session, report);
  } else {
    print_words(session, report);
  }
}

}  // namespace hikae::cli
