// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/json.h"
#include "base/units.h"
#include "cli/progress.h"
#include "maintenance/check.h"

namespace hikae::cli {
namespace {

using Severity = CheckFinding::Severity;
using std::chrono::steady_clock;

struct Options {
  bool read_data = false;
  std::optional<std::string> subset;
};

CheckOptions check_options(const Session& session, const Options& options) {
  CheckOptions check;
  if (options.read_data) check.read_data = PackSubset{};
  if (options.subset) {
    check.read_data = parse_pack_subset(*options.subset);
    if (options.read_data) {
      throw Error(ErrorCode::invalid_argument, text("cli_check.both_given"));
    }
    if (!check.read_data) {
      throw Error(ErrorCode::invalid_argument,
                  text("cli_check.bad_subset", {{"subset", *options.subset}}))
          .with_hint(text("cli_check.bad_subset_hint"));
    }
  }
  check.random_seed =
      static_cast<std::uint64_t>(session.environment.clock.now().time_since_epoch().count());
  return check;
}

std::string progress_text(const Session& session,
                          const CheckProgress& progress,
                          steady_clock::duration elapsed) {
  const Pace now = pace(progress.packs_read, progress.packs_total, elapsed);
  const double seconds = std::max(0.1, std::chrono::duration<double>(elapsed).count());
  const auto rate = static_cast<std::uint64_t>(double(progress.bytes_read) / seconds);
  return render(text("cli_check.progress",
                     {{"packs", std::to_string(progress.packs_read)},
                      {"packs_total", std::to_string(progress.packs_total)},
                      {"bytes", format_bytes(progress.bytes_read)},
                      {"rate", format_bytes(rate)},
                      {"trees", std::to_string(progress.trees)},
                      {"left", now.left}}),
                session.console.language());
}

CheckReport check(const Session& session, Repository& repository, const CheckOptions& options) {
  CheckProgress progress;
  const auto begin = steady_clock::now();
  const ProgressLine line(
      session, [&] { return progress_text(session, progress, steady_clock::now() - begin); });
  return run_check(repository, options, progress, session.stop);
}

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
  json.begin_object().member("message_type", "summary").member("num_errors", report.errors);
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

int run(const Session& session, const Options& options) {
  const CheckOptions how = check_options(session, options);
  const OpenedRepository opened = open_repository(session, LockNeed::exclusive_for_reading);
  const CheckReport report = check(session, *opened.repository, how);
  if (session.options.json) {
    print_json(session, report);
  } else {
    print_words(session, report);
  }
  return report.errors > 0 ? 1 : 0;
}

}  // namespace

void add_check(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command(
      "check", text("cli_check.help"), [&session, options] { return run(session, *options); });
  command.flag("--read-data", options->read_data, text("cli_check.help_read_data"));
  command.option("--read-data-subset", options->subset, "SUBSET", text("cli_check.help_subset"));
}

}  // namespace hikae::cli
