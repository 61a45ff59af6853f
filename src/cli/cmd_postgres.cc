// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>

#include "cli/physical_restore_verb.h"
#include "cli/postgres_choice.h"
#include "cli/postgres_restore.h"

namespace hikae::cli {
namespace {

int restore_cluster(const Session& session, const PostgresRestoreOptions& options) {
  const PostgresChoice choice = choose_postgres(session, options);
  return restore_physically(session,
                            choice.from.origin,
                            choice.from.record,
                            {options.target, options.tablespace_map, options.dry_run});
}

// What would be left undone without a word.
void refuse_logical(const PostgresRestoreOptions& options) {
  const std::array<std::pair<bool, const char*>, 5> given = {
      {{options.verify, "--verify"},
       {options.no_owner, "--no-owner"},
       {options.no_tablespaces, "--no-tablespaces"},
       {options.skip_existing, "--skip-existing"},
       {options.jobs > 0, "--jobs"}}};
  for (const auto& [is_given, name] : given) {
    if (is_given) {
      throw Error(ErrorCode::invalid_argument,
                  text("cli_physical.only_logical", {{"option", name}}));
    }
  }
}

int restore(const Session& session, const PostgresRestoreOptions& options) {
  const bool is_logical = !options.databases.empty() || options.all || options.globals;
  if (!options.target.empty() && is_logical) {
    throw Error(ErrorCode::invalid_argument, text("cli_physical.both_asked"))
        .with_hint(text("cli_physical.both_asked_hint"));
  }
  if (!options.target.empty()) {
    refuse_logical(options);
    return restore_cluster(session, options);
  }
  if (!options.tablespace_map.empty())
    throw Error(ErrorCode::invalid_argument, text("cli_physical.only_physical"));
  if (options.databases.empty() && !options.all && !options.globals) {
    throw Error(ErrorCode::invalid_argument, text("cli_postgres.nothing_asked"))
        .with_hint(text("cli_postgres.nothing_asked_hint"));
  }
  return restore_databases(session, options);
}

void add_server_options(Command& command, PostgresRestoreOptions& options) {
  command.option(
      "--data-directory", options.data_directory, "DIR", text("cli_postgres.help_data_directory"));
  command.option("--host", options.host, "HOST", text("cli_postgres.help_host"));
  command.option("--port", options.port, "N", text("cli_postgres.help_port"));
  command.option("--user", options.user, "ROLE", text("cli_postgres.help_user"));
  command.option("--server-password-file",
                 options.server_password,
                 "FILE",
                 text("cli_postgres.help_server_password"));
  command.option("--ca-file", options.ca_file, "FILE", text("cli_postgres.help_ca_file"));
  command.option("--run-as", options.run_as, "USER", text("cli_postgres.help_run_as"));
  command.option("--programs", options.programs, "DIR", text("cli_postgres.help_programs"));
}

void add_restore_options(Command& command, PostgresRestoreOptions& options) {
  command.option("--source", options.source, "NAME", text("cli_postgres.help_source"));
  command.list(
      "--database", options.databases, "NAME[=NEWNAME]", text("cli_postgres.help_database"));
  command.flag("--all", options.all, text("cli_postgres.help_all"));
  command.flag("--globals", options.globals, text("cli_postgres.help_globals"));
  command.flag("--no-owner", options.no_owner, text("cli_postgres.help_no_owner"));
  command.flag(
      "--no-tablespaces", options.no_tablespaces, text("cli_postgres.help_no_tablespaces"));
  command.flag("--skip-existing", options.skip_existing, text("cli_postgres.help_skip_existing"));
  command.flag("--verify", options.verify, text("cli_postgres.help_verify"));
  command.option("-j,--jobs", options.jobs, "N", text("cli_postgres.help_jobs"));
  command.option("--temporary", options.temporary, "DIR", text("cli_postgres.help_temporary"));
  command.flag("-n,--dry-run", options.dry_run, text("cli_postgres.help_dry_run"));
  command.option("-t,--target", options.target, "DIR", text("cli_physical.help_target"));
  command.list("--tablespace-map",
               options.tablespace_map,
               "OLD=NEW",
               text("cli_physical.help_tablespace_map"));
  add_server_options(command, options);
  command.optional_argument("ID", options.snapshot, text("cli_postgres.help_snapshot"));
}

}  // namespace

void add_postgres(Command& root, const Session& session) {
  Command& group = root.add_group("postgres", text("cli_postgres.help"));
  auto options = std::make_shared<PostgresRestoreOptions>();  // shared with the callback
  Command& command = group.add_command("restore",
                                       text("cli_postgres.help_restore"),
                                       [&session, options] { return restore(session, *options); });
  add_restore_options(command, *options);
}

}  // namespace hikae::cli
