// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "base/json.h"
#include "cli/backup_progress.h"
#include "cli/session.h"
#include "format/time.h"
#include "policy/time_zone.h"
#include "service/import.h"

namespace hikae::cli {
namespace {

using survey::OldCopy;

std::string condition_word(OldCopy::Condition condition) {
  switch (condition) {
    case OldCopy::Condition::whole:
      return "whole";
    case OldCopy::Condition::hollow:
      return "hollow";
    case OldCopy::Condition::empty:
      break;
  }
  return "empty";
}

Text action_text(const ImportItem& item) {
  if (item.copy.condition == OldCopy::Condition::empty) return text("cli_import.passed_over");
  if (item.missing.empty()) return text("cli_import.there");
  std::string names;
  for (const std::string& name : item.missing) names += (names.empty() ? "" : ", ") + name;
  return text("cli_import.into", {{"destinations", names}});
}

void print_plan(const Session& session, const ImportPlan& plan) {
  const Language language = session.console.language();
  Table table;
  for (const char* heading : {"cli_import.day", "cli_import.copy"})
    table.add_column(render(text(heading), language));
  for (const char* heading : {"cli_import.files", "cli_import.size"})
    table.add_column(render(text(heading), language), Table::Align::right);
  table.add_column(render(text("cli_import.action"), language));
  for (const ImportItem& item : plan.items) {
    table.add_row({policy::format_day(std::chrono::local_days(item.copy.name.day)),
                   item.copy.path,
                   std::to_string(item.copy.measure.files),
                   survey::shown_size(item.copy.measure),
                   render(action_text(item), language)});
  }
  session.console.print(table.render());
  for (const ImportItem& item : plan.items) {
    if (!item.copy.reason) continue;
    session.console.warning(
        text("cli_import.hollow",
             {{"path", item.copy.path}, {"reason", render(*item.copy.reason, language)}}));
  }
}

std::string to_json(const ImportReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("copies").begin_array();
  for (const ImportItem& item : report.plan.items) {
    json.begin_object().member("path", item.copy.path);
    json.member("time", format::to_rfc3339(format::to_timestamp(item.time)));
    json.member("files", item.copy.measure.files).member("bytes", item.copy.measure.bytes);
    json.member("condition", condition_word(item.copy.condition));
    if (item.copy.reason) json.member("reason", render(*item.copy.reason, Language::en));
    json.key("missing_in").begin_array();
    for (const std::string& name : item.missing) json.value(name);
    json.end_array().end_object();
  }
  json.end_array().key("imported").begin_array();
  for (const ImportOutcome& outcome : report.outcomes) {
    json.begin_object().member("path", report.plan.items[outcome.item].copy.path);
    json.member("destination", outcome.destination);
    if (outcome.snapshot) json.member("snapshot", outcome.snapshot->hex());
    if (outcome.failure) json.member("error", render(*outcome.failure, Language::en));
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

// Failed: nothing could be stored that should be. Partial: something is missing somewhere.
int exit_code_of(const ImportReport& report) {
  std::size_t good = 0;
  std::size_t bad = report.plan.failures.size();
  for (const ImportOutcome& outcome : report.outcomes) (outcome.snapshot ? good : bad) += 1;
  if (bad > 0) return good > 0 ? 3 : 1;
  return report.unreadable > 0 ? 3 : 0;
}

void print_outcomes(const Session& session, const ImportReport& report, ImportMode mode) {
  for (const auto& [name, error] : report.plan.failures) session.console.error(error);
  std::size_t stored = 0;
  for (const ImportOutcome& outcome : report.outcomes) {
    if (outcome.snapshot) ++stored;
    if (outcome.failure) session.console.error(*outcome.failure);
  }
  if (report.plan.items.empty()) session.console.warning(text("cli_import.nothing"));
  if (report.unreadable > 0)
    session.console.warning(
        text("cli_import.unreadable", {{"count", std::to_string(report.unreadable)}}));
  if (mode == ImportMode::plan_only) {
    session.console.say(text("cli_import.dry_run"));
  } else {
    session.console.say(text("cli_import.done", {{"count", std::to_string(stored)}}));
  }
}

int import(const Session& session, const std::string& folder, ImportMode mode) {
  const LoadedPolicy loaded = load_policy(session);
  ImportRequest request;
  request.folder = (std::filesystem::path(session.environment.working_directory) / folder)
                       .lexically_normal()
                       .string();
  if (!session.options.destination.empty()) request.destinations = {session.options.destination};
  request.mode = mode;
  BackupProgressLine line(session);
  ImportObserver observer;
  observer.planned = [&](const ImportPlan& plan) {
    if (!session.options.json && !plan.items.empty()) print_plan(session, plan);
  };
  observer.begins = [&](const std::string& name, BackupProgress& progress) {
    line.begin(name, progress);
  };
  observer.ends = [&] { line.end(); };
  const ImportReport report =
      import_copies(loaded.policy, request, session.environment, observer, session.stop);
  if (session.options.json) {
    session.console.print(to_json(report));
  } else {
    print_outcomes(session, report, mode);
  }
  return exit_code_of(report);
}

}  // namespace

void add_import(Command& root, const Session& session) {
  struct Options {
    std::string folder;
    bool dry_run = false;
  };
  auto options = std::make_shared<Options>();
  Command& command = root.add_command("import", text("cli_import.help"), [&session, options] {
    return import(
        session, options->folder, options->dry_run ? ImportMode::plan_only : ImportMode::apply);
  });
  command.argument("FOLDER", options->folder, text("cli_import.help_folder"));
  command.flag("-n,--dry-run", options->dry_run, text("cli_import.help_dry_run"));
}

}  // namespace hikae::cli
