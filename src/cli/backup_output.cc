// SPDX-License-Identifier: Apache-2.0
#include "cli/backup_output.h"

#include <cmath>

#include "base/json.h"
#include "base/units.h"

namespace hikae::cli {
namespace {

void print_item(const Session& session, const ItemError& item) {
  const std::string message = render(item.message, session.console.language());
  if (!session.options.json) {
    session.console.write(
        LogLevel::warning,
        text("cli_backup.item_error", {{"path", printable(item.path)}, {"message", message}}));
    return;
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "error").key("error").begin_object();
  json.member("message", message).end_object();
  json.member("during", "archival").member("item", item.path).end_object();
  session.console.print_error(out + "\n");
}

// What is missing in the snapshot; a file that changed while it was read is in it, and was warned
// of.
std::uint64_t unreadable(const BackupReport& report) {
  return report.item_error_count - report.changed_count;
}

void print_items(const Session& session, const BackupReport& report) {
  for (const ItemError& item : report.item_errors) print_item(session, item);
  const std::uint64_t more = report.item_error_count - report.item_errors.size();
  if (more > 0 && !session.options.json)
    session.console.warning(text("cli_backup.more_errors", {{"count", std::to_string(more)}}));
}

void write_counts(JsonWriter& json, const format::SnapshotSummary& summary) {
  json.member("files_new", summary.files_new).member("files_changed", summary.files_changed);
  json.member("files_unmodified", summary.files_unmodified);
  json.member("dirs_new", summary.dirs_new).member("dirs_changed", summary.dirs_changed);
  json.member("dirs_unmodified", summary.dirs_unmodified);
  json.member("data_blobs", summary.data_blobs).member("tree_blobs", summary.tree_blobs);
  json.member("data_added", summary.data_added);
  json.member("data_added_packed", summary.data_added_packed);
  json.member("total_files_processed", summary.total_files_processed);
  json.member("total_bytes_processed", summary.total_bytes_processed);
  json.member("backup_start", format::to_rfc3339(summary.backup_start));
  json.member("backup_end", format::to_rfc3339(summary.backup_end));
}

void print_json(const Session& session, const BackupOutput& output) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "summary");
  if (output.dry_run) json.key("dry_run").boolean(true);
  write_counts(json, output.report.summary);
  json.member("total_duration", output.seconds);
  json.member("unreadable_items", unreadable(output.report));
  const auto& snapshot = output.report.destinations.front().snapshot;
  if (snapshot) json.member("snapshot_id", snapshot->hex());
  json.end_object();
  session.console.print(out + "\n");
}

void print_words(const Session& session, const BackupOutput& output) {
  Console& console = session.console;
  const format::SnapshotSummary& summary = output.report.summary;
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  if (output.parent)
    console.say(text("cli_backup.parent", {{"parent", output.parent->id.short_hex()}}));
  console.say(text("cli_backup.files",
                   {{"new", number(summary.files_new)},
                    {"changed", number(summary.files_changed)},
                    {"unmodified", number(summary.files_unmodified)}}));
  console.say(text("cli_backup.dirs",
                   {{"new", number(summary.dirs_new)},
                    {"changed", number(summary.dirs_changed)},
                    {"unmodified", number(summary.dirs_unmodified)}}));
  console.say(text("cli_backup.added",
                   {{"bytes", format_bytes(summary.data_added)},
                    {"packed", format_bytes(summary.data_added_packed)}}));
  const std::chrono::seconds time(std::llround(output.seconds));
  console.say(text("cli_backup.processed",
                   {{"files", number(summary.total_files_processed)},
                    {"bytes", format_bytes(summary.total_bytes_processed)},
                    {"time", format_duration(time)}}));
  const auto& snapshot = output.report.destinations.front().snapshot;
  if (snapshot) console.say(text("cli_backup.saved", {{"snapshot", snapshot->short_hex()}}));
  if (output.dry_run) console.say(text("cli_backup.nothing_written"));
  if (unreadable(output.report) > 0) {
    console.say(text("cli_backup.incomplete", {{"count", number(unreadable(output.report))}}));
  }
}

}  // namespace

int report_backup(const Session& session, const BackupOutput& output) {
  print_items(session, output.report);
  const DestinationOutcome& outcome = output.report.destinations.front();
  if (outcome.failure) throw Error(*outcome.failure);
  if (outcome.state != DestinationOutcome::State::sealed) {
    throw Error(ErrorCode::corrupt, text("cli_backup.parent_incomplete"))
        .with_hint(text("cli_backup.parent_incomplete_hint"));
  }
  if (session.options.json) {
    print_json(session, output);
  } else if (!session.options.quiet) {
    print_words(session, output);
  }
  return unreadable(output.report) > 0 ? 3 : 0;
}

}  // namespace hikae::cli
