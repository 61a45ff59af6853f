// SPDX-License-Identifier: Apache-2.0
#include "cli/postgres_choice.h"

#include <filesystem>

namespace hikae::cli {
namespace {

bool names_snapshot(const PostgresRestoreOptions& options) {
  return !options.snapshot.empty() && !means_latest(options.snapshot);
}

bool names_server(const PostgresRestoreOptions& options) {
  return !options.data_directory.empty() || !options.host.empty();
}

const policy::Source& named_source(const policy::Policy& policy, const std::string& name) {
  const policy::Source* source = policy::find_source(policy, name);
  if (source != nullptr && source->postgres) return *source;
  throw Error(ErrorCode::invalid_argument, text("cli_postgres.no_source", {{"source", name}}))
      .with_hint(text("cli_postgres.no_source_hint"));
}

const policy::Source& only_source(const policy::Policy& policy) {
  const policy::Source* only = nullptr;
  std::string names;
  for (const policy::Source& source : policy.sources) {
    if (!source.postgres) continue;
    if (only == nullptr) only = &source;
    names += (names.empty() ? "" : " ") + source.name;
  }
  if (only == nullptr) {
    throw Error(ErrorCode::invalid_argument, text("cli_postgres.none_in_policy"))
        .with_hint(text("cli_postgres.none_in_policy_hint"));
  }
  if (names != only->name) {
    throw Error(ErrorCode::invalid_argument, text("cli_postgres.several", {{"names", names}}))
        .with_hint(text("cli_postgres.several_hint"));
  }
  return *only;
}

// The PostgreSQL source of this policy that the snapshot is a generation of; null when of none.
const policy::Source* source_of(const policy::Policy& policy, const format::Snapshot& snapshot) {
  if (tag_value(snapshot, kPolicyTag) != policy.name) return nullptr;
  const policy::Source* source =
      policy::find_source(policy, tag_value(snapshot, kSourceTag).value_or(""));
  return source != nullptr && source->postgres ? source : nullptr;
}

policy::PostgresSource server_of(const policy::Policy& policy,
                                 const SnapshotRecord& record,
                                 const PostgresRestoreOptions& options) {
  if (const policy::Source* source = source_of(policy, record.snapshot)) return *source->postgres;
  if (!options.target.empty() || names_server(options)) return {};
  throw Error(ErrorCode::invalid_argument,
              text("cli_postgres.unknown_server", {{"snapshot", record.id.short_hex()}}))
      .with_hint(text("cli_postgres.unknown_server_hint"));
}

policy::PostgresSource with_options(policy::PostgresSource server,
                                    const Session& session,
                                    const PostgresRestoreOptions& options) {
  // Another server than the policy's shares nothing with it but the programs.
  if (names_server(options)) {
    server.data_directory = options.data_directory;
    server.host = options.host;
    server.password.reset();
    server.user.clear();
    server.run_as.clear();
    server.port = policy::PostgresSource().port;
  }
  if (options.port != 0 && server.host.empty() && !server.data_directory.empty()) {
    throw Error(ErrorCode::invalid_argument, text("cli_postgres.port_alone"))
        .with_hint(text("cli_postgres.port_alone_hint"));
  }
  if (!options.ca_file.empty()) {
    const std::filesystem::path base(session.environment.working_directory);
    server.ca_file = (base / options.ca_file).string();
  }
  if (options.port != 0) server.port = options.port;
  if (!options.user.empty()) server.user = options.user;
  if (!options.run_as.empty()) server.run_as = options.run_as;
  if (!options.programs.empty()) server.programs = options.programs;
  if (!options.server_password.empty()) {
    const std::filesystem::path base(session.environment.working_directory);
    server.password = policy::SecretReference{policy::SecretReference::Kind::file,
                                              (base / options.server_password).string()};
  }
  return server;
}

// By the repository alone.
PostgresChoice choose_without_policy(const Session& session,
                                     const PostgresRestoreOptions& options,
                                     const std::string& snapshot) {
  const SnapshotFilter filter =
      options.source.empty() ? SnapshotFilter() : source_filter(session, options.source);
  return {open_snapshot(session, snapshot, filter), with_options({}, session, options)};
}

}  // namespace

PostgresChoice choose_postgres(const Session& session, const PostgresRestoreOptions& options) {
  const std::string snapshot = options.snapshot.empty() ? "latest" : options.snapshot;
  if (!session.options.repository.empty()) return choose_without_policy(session, options, snapshot);
  const policy::Policy policy = load_policy(session).policy;
  if (options.source.empty() && names_snapshot(options)) {
    ChosenSnapshot from = open_snapshot(session, snapshot, {});
    const policy::PostgresSource server = server_of(policy, from.record, options);
    return {std::move(from), with_options(server, session, options)};
  }
  const policy::Source& source =
      options.source.empty() ? only_source(policy) : named_source(policy, options.source);
  return {open_snapshot(session, snapshot, source_filter(session, source.name)),
          with_options(*source.postgres, session, options)};
}

}  // namespace hikae::cli
