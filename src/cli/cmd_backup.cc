// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "backup/pipeline.h"
#include "base/units.h"
#include "cli/backup_output.h"
#include "cli/backup_progress.h"
#include "cli/blob_options.h"
#include "cli/dry_run_backend.h"
#include "cli/file_lists.h"
#include "cli/snapshot_options.h"
#include "source/files_source.h"

namespace hikae::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::vector<std::string> files_from;
  std::vector<std::string> files_from_verbatim;
  std::vector<std::string> files_from_raw;
  FilesOptions files;
  std::vector<std::string> iexclude_files;
  std::optional<std::string> larger_than;
  bool one_file_system = false;
  bool with_atime = false;
  bool allow_empty = false;
  std::vector<std::string> tags;
  std::optional<std::string> host;
  std::optional<std::string> time;
  std::optional<std::string> parent;
  bool force = false;
  bool ignore_ctime = false;
  bool ignore_inode = false;
  bool dry_run = false;
  BlobOptions blobs;
};

std::vector<std::string> all_paths(const Session& session, const Options& options) {
  std::vector<std::string> paths = options.paths;
  const auto add = [&](const std::vector<std::string>& files, ListForm form) {
    for (const std::string& file : files) {
      for (auto& path : read_file_list(file, form, session.environment.working_directory))
        paths.push_back(std::move(path));
    }
  };
  add(options.files_from, ListForm::patterns);
  add(options.files_from_verbatim, ListForm::verbatim);
  add(options.files_from_raw, ListForm::separated);
  if (paths.empty()) {
    throw Error(ErrorCode::invalid_argument, text("cli_backup.nothing_named"))
        .with_hint(text("cli_backup.nothing_named_hint"));
  }
  return paths;
}

std::unique_ptr<Source> make_source(const Session& session, const Options& options) {
  FilesOptions files = options.files;
  files.paths = all_paths(session, options);
  files.working_directory = session.environment.working_directory;
  files.exclude_case_insensitive =
      with_pattern_files(std::move(files.exclude_case_insensitive), options.iexclude_files);
  if (options.larger_than)
    files.exclude_larger_than = parse_size_option("--exclude-larger-than", *options.larger_than);
  if (options.one_file_system) files.file_systems = FileSystems::one;
  if (options.with_atime) files.access_times = AccessTimes::store;
  if (options.allow_empty) files.allow_empty = AllowEmpty::yes;
  return make_files_source(std::move(files));
}

// "2026-08-01 22:08:41" on this host's wall clock.
format::Timestamp parse_time(const Environment& environment, const std::string& words) {
  std::string rfc = words;
  if (rfc.size() == 19 && rfc[10] == ' ') rfc[10] = 'T';
  const auto wall = format::parse_rfc3339(rfc + "Z");
  if (!wall) {
    throw Error(ErrorCode::invalid_argument, text("cli_backup.bad_time", {{"time", words}}))
        .with_hint(text("cli_backup.bad_time_hint"));
  }
  format::Timestamp time = *wall;
  // The offset at the instant that is sought; near a change of the clocks the first guess may be an
  // hour off.
  time.offset = environment.local_offset(wall->seconds - environment.local_offset(wall->seconds));
  time.seconds = wall->seconds - time.offset;
  return time;
}

format::Timestamp snapshot_time(const Environment& environment, const Options& options) {
  if (options.time) return parse_time(environment, *options.time);
  format::Timestamp now = format::to_timestamp(environment.clock.now());
  now.offset = environment.local_offset(now.seconds);
  return now;
}

ChangeDetection change_detection(const Options& options) {
  if (options.force) return ChangeDetection::force_read;
  if (options.ignore_inode) return ChangeDetection::ignore_inode;
  return options.ignore_ctime ? ChangeDetection::ignore_ctime : ChangeDetection::strict;
}

BackupPlan make_plan(const Session& session, const Options& options) {
  const Environment& environment = session.environment;
  BackupPlan plan;
  plan.changes = change_detection(options);
  plan.identity = environment.identity;
  const auto host = options.host ? options.host : environment.variable("RESTIC_HOST");
  if (host && !host->empty()) plan.identity.hostname = *host;
  plan.time = snapshot_time(environment, options);
  for (const std::string& list : options.tags) {
    for (std::string& tag : split_list(list)) plan.tags.push_back(std::move(tag));
  }
  plan.program_version = environment.program_version;
  plan.blobs = options.blobs.resolve(environment);
  plan.write_snapshots = !options.dry_run;
  return plan;
}

// restic's choice: the newest snapshot of this host and these paths that is not of the future.
std::optional<SnapshotRecord> find_parent(const std::vector<SnapshotRecord>& snapshots,
                                          const Options& options,
                                          const BackupPlan& plan,
                                          const Source& source) {
  if (options.force) return std::nullopt;
  if (options.parent) return find_snapshot(snapshots, *options.parent, {});
  SnapshotFilter filter;
  filter.hosts = {plan.identity.hostname};
  filter.paths = source.paths();
  const Instant limit = format::to_instant(plan.time);
  for (auto record = snapshots.rbegin(); record != snapshots.rend(); ++record) {
    if (matches(record->snapshot, filter) && format::to_instant(record->snapshot.time) <= limit)
      return *record;
  }
  return std::nullopt;
}

OpenedRepository open_for_backup(const Session& session,
                                 const Options& options,
                                 const FirstReading& read) {
  if (!options.dry_run) return open_repository(session, LockNeed::shared, read);
  OpenedRepository opened;
  auto backend = open_repository_backend(session, AccessMode::read_only);
  opened.repository = Repository::open(std::make_unique<DryRunBackend>(std::move(backend)),
                                       repository_password(session),
                                       session.stop);
  read(*opened.repository, session.stop);
  return opened;
}

BackupReport back_up(const Session& session,
                     Source& source,
                     BackupPlan& plan,
                     BackupTarget target) {
  BackupProgress progress;
  BackupProgressLine line(session);
  line.begin(target.repository->backend().location(), progress);
  BackupReport report = run_backup(
      source, {target}, plan, session.environment.clock, progress, session.console, session.stop);
  line.end();
  return report;
}

int run(const Session& session, const Options& options) {
  const auto begin = session.environment.clock.steady_now();
  const auto source = make_source(session, options);
  BackupPlan plan = make_plan(session, options);
  std::vector<SnapshotRecord> snapshots;
  Index index;
  const OpenedRepository opened =
      open_for_backup(session, options, [&](Repository& repository, const StopToken& stop) {
        snapshots = repository.load_snapshots(session.console, stop);
        index = repository.load_index(stop);
      });
  const auto parent = find_parent(snapshots, options, plan, *source);
  BackupTarget target{opened.repository.get(), &index, opened.lock.get(), std::nullopt};
  if (parent) {
    target.parent = parent->id;
    plan.parent_tree = parent->snapshot.tree;
  }
  const BackupReport report = back_up(session, *source, plan, target);
  const std::chrono::duration<double> seconds = session.environment.clock.steady_now() - begin;
  return report_backup(session, {report, parent, seconds.count(), options.dry_run});
}

void add_selection(Command& command, Options& options) {
  FilesOptions& files = options.files;
  command.list("-e,--exclude", files.exclude, "PATTERN", text("cli_backup.help_exclude"));
  command.list(
      "--iexclude", files.exclude_case_insensitive, "PATTERN", text("cli_backup.help_iexclude"));
  command.list("--exclude-file", files.exclude_files, "FILE", text("cli_backup.help_exclude_file"));
  command.list(
      "--iexclude-file", options.iexclude_files, "FILE", text("cli_backup.help_iexclude_file"));
  command.list("--exclude-if-present",
               files.exclude_if_present,
               "NAME[:HEADER]",
               text("cli_backup.help_exclude_if_present"));
  command.flag("--exclude-caches", files.exclude_caches, text("cli_backup.help_exclude_caches"));
  command.option("--exclude-larger-than",
                 options.larger_than,
                 "SIZE",
                 text("cli_backup.help_exclude_larger_than"));
  command.flag(
      "-x,--one-file-system", options.one_file_system, text("cli_backup.help_one_file_system"));
  command.flag("--allow-empty", options.allow_empty, text("cli_backup.help_allow_empty"));
  command.list("--files-from", options.files_from, "FILE", text("cli_backup.help_files_from"));
  command.list("--files-from-verbatim",
               options.files_from_verbatim,
               "FILE",
               text("cli_backup.help_files_from_verbatim"));
  command.list(
      "--files-from-raw", options.files_from_raw, "FILE", text("cli_backup.help_files_from_raw"));
}

void add_snapshot_facts(Command& command, Options& options) {
  command.list("--tag", options.tags, "TAG[,TAG]", text("cli_backup.help_tag"));
  command.option("-H,--host", options.host, "NAME", text("cli_backup.help_host"));
  command.option("--time", options.time, "TIME", text("cli_backup.help_time"));
  command.option("--parent", options.parent, "ID", text("cli_backup.help_parent"));
  command.flag("-f,--force", options.force, text("cli_backup.help_force"));
  command.flag("--ignore-ctime", options.ignore_ctime, text("cli_backup.help_ignore_ctime"));
  command.flag("--ignore-inode", options.ignore_inode, text("cli_backup.help_ignore_inode"));
  command.flag("--with-atime", options.with_atime, text("cli_backup.help_with_atime"));
  command.flag("-n,--dry-run", options.dry_run, text("cli_backup.help_dry_run"));
  options.blobs.add_to(command);
}

}  // namespace

void add_backup(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& command = root.add_command(
      "backup", text("cli_backup.help"), [&session, options] { return run(session, *options); });
  add_selection(command, *options);
  add_snapshot_facts(command, *options);
  command.arguments("PATH", options->paths, text("cli_backup.help_paths"));
}

}  // namespace hikae::cli
