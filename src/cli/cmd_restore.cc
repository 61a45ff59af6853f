// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "cli/file_lists.h"
#include "cli/guided_session.h"
#include "cli/reading.h"
#include "cli/restore_origin.h"
#include "cli/restore_output.h"
#include "cli/snapshot_options.h"
#include "os/terminal.h"
#include "service/postgres_source.h"

namespace hikae::cli {
namespace {

struct Options {
  SnapshotOptions select;
  std::string snapshot;
  std::string source;
  std::string target;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::vector<std::string> include_files;
  std::vector<std::string> exclude_files;
  std::vector<std::string> iinclude;
  std::vector<std::string> iexclude;
  std::vector<std::string> iinclude_files;
  std::vector<std::string> iexclude_files;
  std::string overwrite = "always";
  bool delete_extra = false;
  bool dry_run = false;
  bool sparse = false;
  bool verify = false;
  bool owner_by_name = false;
};

Overwrite parse_overwrite(const std::string& word) {
  if (word == "if-changed") return Overwrite::if_changed;
  if (word == "if-newer") return Overwrite::if_newer;
  return word == "never" ? Overwrite::never : Overwrite::always;
}

RestoreOptions restore_options(const Session& session, const Options& options) {
  RestoreOptions result;
  const std::filesystem::path base(session.environment.working_directory);
  result.target = (base / options.target).lexically_normal().string();
  result.include = with_pattern_files(options.include, options.include_files);
  result.exclude = with_pattern_files(options.exclude, options.exclude_files);
  result.include_any_case = with_pattern_files(options.iinclude, options.iinclude_files);
  result.exclude_any_case = with_pattern_files(options.iexclude, options.iexclude_files);
  result.overwrite = parse_overwrite(options.overwrite);
  result.delete_extra = options.delete_extra ? DeleteExtra::yes : DeleteExtra::no;
  result.sparse = options.sparse ? Sparse::yes : Sparse::no;
  result.verify = options.verify ? VerifyAfter::yes : VerifyAfter::no;
  result.ownership = options.owner_by_name ? Ownership::by_name : Ownership::by_number;
  // Only root may give files away; anybody else's restore would fail on every item.
  if (session.environment.identity.uid != 0) result.ownership = Ownership::none;
  return result;
}

SnapshotFilter make_filter(const Session& session, const Options& options) {
  SnapshotFilter filter = options.select.filter();
  if (options.source.empty()) return filter;
  const std::vector<std::string> tags = source_filter(session, options.source).tags.front();
  if (filter.tags.empty()) filter.tags.emplace_back();
  for (auto& list : filter.tags) list.insert(list.end(), tags.begin(), tags.end());
  return filter;
}

// A restore needs to know what and where to; a terminal can be asked for both.
bool is_guided(const Options& options) {
  return options.snapshot.empty() && options.source.empty() && options.target.empty() &&
         os::is_terminal(STDIN_FILENO) && os::is_terminal(STDOUT_FILENO);
}

void require_arguments(const Options& options) {
  if (options.snapshot.empty() && options.source.empty()) {
    throw Error(ErrorCode::invalid_argument, text("cli_restore.no_snapshot"))
        .with_hint(text("cli_restore.no_snapshot_hint"));
  }
  if (options.target.empty()) {
    throw Error(ErrorCode::invalid_argument, text("cli_restore.no_target"))
        .with_hint(text("cli_restore.no_target_hint"));
  }
}

int run(const Session& session, const Options& options) {
  if (is_guided(options)) return restore_guided(session);
  require_arguments(options);
  const auto [name, subfolder] =
      split_snapshot_name(options.snapshot.empty() ? "latest" : options.snapshot);
  RestoreOptions restore = restore_options(session, options);
  restore.subfolder = subfolder;
  refuse_live_target(restore.target);
  const auto [origin, record] = open_snapshot(session, name, make_filter(session, options));
  Repository& repository = *origin.opened.repository;
  const Index index = load_index_for_reading(session, repository);
  restore.others = origin.others.get();
  const RestoreJob job{repository, index, record, restore};
  return options.dry_run ? report_plan(session, job) : restore_and_report(session, job);
}

void add_patterns(Command& command, Options& options) {
  command.list("-i,--include", options.include, "PATTERN", text("cli_restore.help_include"));
  command.list("-e,--exclude", options.exclude, "PATTERN", text("cli_restore.help_exclude"));
  command.list(
      "--include-file", options.include_files, "FILE", text("cli_restore.help_include_file"));
  command.list(
      "--exclude-file", options.exclude_files, "FILE", text("cli_restore.help_exclude_file"));
  command.list("--iinclude", options.iinclude, "PATTERN", text("cli_restore.help_iinclude"));
  command.list("--iexclude", options.iexclude, "PATTERN", text("cli_restore.help_iexclude"));
  command.list(
      "--iinclude-file", options.iinclude_files, "FILE", text("cli_restore.help_iinclude_file"));
  command.list(
      "--iexclude-file", options.iexclude_files, "FILE", text("cli_restore.help_iexclude_file"));
}

void add_options(Command& command, Options& options) {
  options.select.add_to(command);
  command.option("-t,--target", options.target, "DIR", text("cli_restore.help_target"));
  command.option("--source", options.source, "NAME", text("cli_restore.help_source"));
  add_patterns(command, options);
  command.choice("--overwrite",
                 options.overwrite,
                 {"always", "if-changed", "if-newer", "never"},
                 text("cli_restore.help_overwrite"));
  command.flag("--delete", options.delete_extra, text("cli_restore.help_delete"));
  command.flag("-n,--dry-run", options.dry_run, text("cli_restore.help_dry_run"));
  command.flag("--sparse", options.sparse, text("cli_restore.help_sparse"));
  command.flag("--verify", options.verify, text("cli_restore.help_verify"));
  command.flag("--owner-by-name,--ownership-by-name",
               options.owner_by_name,
               text("cli_restore.help_owner_by_name"));
  command.optional_argument("ID", options.snapshot, text("cli_restore.help_snapshot"));
}

}  // namespace

void add_restore(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command(
      "restore", text("cli_restore.help"), [&session, options] { return run(session, *options); });
  add_options(command, *options);
}

}  // namespace hikae::cli
