// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>

#include "base/units.h"
#include "cli/each_destination.h"
#include "cli/snapshot_options.h"
#include "cli/stats.h"
#include "cli/stats_requests.h"

namespace hikae::cli {
namespace {

struct Options {
  SnapshotOptions select;
  std::vector<std::string> ids;
  std::string mode = "restore-size";
  bool requests = false;
  std::string since = "30d";
};

void print_json(const Session& session, const Stats& stats) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_destination(session, json);
  json.member("total_size", stats.size);
  if (stats.uncompressed_size > 0) {
    json.member("total_uncompressed_size", stats.uncompressed_size);
    if (stats.compression_ratio() > 0) json.member("compression_ratio", stats.compression_ratio());
    if (stats.compression_progress() > 0)
      json.member("compression_progress", stats.compression_progress());
    json.member("compression_space_saving", stats.compression_space_saving());
  }
  if (stats.files > 0) json.member("total_file_count", stats.files);
  if (stats.blobs > 0) json.member("total_blob_count", stats.blobs);
  json.member("snapshots_count", stats.snapshots).end_object();
  session.console.print(out + "\n");
}

void print_words(const Session& session, const Options& options, const Stats& stats) {
  Console& console = session.console;
  const auto say = [&](const Text& name, const std::string& value) {
    const std::string title = render(name, console.language());
    const std::size_t width = display_width(title);
    console.print("  " + title + std::string(width < 26 ? 26 - width : 1, ' ') + value + "\n");
  };
  say_destination(session);
  console.say(text("cli_stats.heading", {{"mode", options.mode}}));
  say(text("cli_stats.snapshots"), std::to_string(stats.snapshots));
  if (stats.files > 0) say(text("cli_stats.files"), std::to_string(stats.files));
  if (stats.blobs > 0) say(text("cli_stats.blobs"), std::to_string(stats.blobs));
  if (stats.uncompressed_size > 0)
    say(text("cli_stats.uncompressed"), format_bytes(stats.uncompressed_size));
  say(text("cli_stats.size"), format_bytes(stats.size));
  if (stats.uncompressed_size == 0) return;
  say(text("cli_stats.progress"), fmt::format("{:.2f} %", stats.compression_progress()));
  say(text("cli_stats.ratio"), fmt::format("{:.2f}", stats.compression_ratio()));
  say(text("cli_stats.saving"), fmt::format("{:.2f} %", stats.compression_space_saving()));
}

int count_one(const Session& session, const Options& options) {
  const OpenedRepository opened = open_repository(session, LockNeed::shared_for_reading);
  Repository& repository = *opened.repository;
  const auto all = repository.load_snapshots(session.console, session.stop);
  const auto records = select_snapshots(all, options.ids, options.select.filter());
  const Index index = repository.load_index(session.stop);
  const Stats stats = compute_stats(repository, index, records, options.mode, session.stop);
  if (session.options.json) {
    print_json(session, stats);
  } else {
    print_words(session, options, stats);
  }
  return 0;
}

int run(const Session& session, const Options& options) {
  if (options.requests) return print_requests(session, options.since);
  lock_options(session.options);  // a mistake in it is told once, not for each destination
  return in_each_destination(session, [&](const Session& one) { return count_one(one, options); });
}

}  // namespace

void add_stats(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command(
      "stats", text("cli_stats.help"), [&session, options] { return run(session, *options); });
  options->select.add_to(command);
  command.choice("--mode",
                 options->mode,
                 {"restore-size", "files-by-contents", "blobs-per-file", "raw-data"},
                 text("cli_stats.help_mode"));
  command.flag("--requests", options->requests, text("cli_stats.help_requests"));
  command.option("--since", options->since, "DURATION", text("cli_stats.help_since"));
  command.arguments("ID", options->ids, text("cli_snapshots.help_ids"));
}

}  // namespace hikae::cli
