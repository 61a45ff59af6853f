// SPDX-License-Identifier: Apache-2.0
#include "service/postgres_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "service/secrets.h"
#include "source/filter.h"
#include "source/paths.h"

namespace hikae {
namespace {

constexpr const char* kSocketFolder = "/var/run/postgresql";

postgres::SslMode to_ssl_mode(policy::PostgresSslMode mode) {
  switch (mode) {
    case policy::PostgresSslMode::verify_full:
      return postgres::SslMode::verify_full;
    case policy::PostgresSslMode::verify_ca:
      return postgres::SslMode::verify_ca;
    case policy::PostgresSslMode::require:
      return postgres::SslMode::require;
    case policy::PostgresSslMode::prefer:
      return postgres::SslMode::prefer;
    case policy::PostgresSslMode::disable:
      return postgres::SslMode::disable;
  }
  return postgres::SslMode::verify_full;
}

std::optional<os::UserAccount> owner_of(const std::string& folder) {
  struct stat status {};
  if (folder.empty() || stat(folder.c_str(), &status) != 0) return std::nullopt;
  return os::find_user_account(status.st_uid);
}

// Who connects, so that peer authentication works on a fresh installation.
std::optional<os::UserAccount> account_for(const policy::PostgresSource& source,
                                           const postgres::Server& server) {
  if (!source.run_as.empty()) {
    auto account = os::find_user_account(source.run_as);
    if (!account) {
      throw Error(ErrorCode::not_found, text("service.no_such_user", {{"user", source.run_as}}))
          .with_hint(text("service.no_such_user_hint"));
    }
    return account;
  }
  if (geteuid() != 0 || !server.by_socket() || server.password) return std::nullopt;
  auto owner = owner_of(source.data_directory);
  return owner ? owner : os::find_user_account("postgres");
}

// A file that is missing has a hint about the repositories' password, which this is not.
Secret resolve_database_password(const policy::SecretReference& reference,
                                 const Environment& environment,
                                 const StopToken& stop) {
  try {
    return resolve_secret(reference, environment, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    Error told(error.code(), error.message(), error.retry());
    for (const Text& context : error.contexts()) told.add_context(context);
    throw std::move(told).with_hint(text("service.database_password_hint"));
  }
}

// The folders above may be links; the last one is stored as the link that it is.
std::string real_path(const std::string& path) {
  const std::filesystem::path whole(path);
  std::error_code failed;
  const std::filesystem::path parent = std::filesystem::canonical(whole.parent_path(), failed);
  return failed ? path : (parent / whole.filename()).string();
}

bool lies_in(const std::string& path, const std::string& folder) {
  const std::string parent = folder.ends_with('/') ? folder : folder + "/";
  return path + "/" == parent || path.starts_with(parent);
}

}  // namespace

postgres::Server find_server(const policy::PostgresSource& source,
                             const Environment& environment,
                             const StopToken& stop) {
  postgres::Server server;
  server.host = source.host.empty() ? kSocketFolder : source.host;
  server.port = source.port;
  if (source.host.empty() && !source.data_directory.empty())
    postgres::locate_server(server, source.data_directory);
  if (source.password) {
    server.password = std::make_shared<const Secret>(
        resolve_database_password(*source.password, environment, stop));
  }
  server.run_as = account_for(source, server);
  server.user = source.user;
  if (server.user.empty()) server.user = server.run_as ? server.run_as->name : "postgres";
  server.ssl_mode = to_ssl_mode(source.sslmode);
  server.ca_file = source.ca_file;
  server.lock_timeout = source.lock_timeout;
  server.statement_timeout = source.statement_timeout;
  return server;
}

std::unique_ptr<Source> make_postgres_source(const policy::Source& source,
                                             const Environment& environment,
                                             const StopToken& stop) {
  const policy::PostgresSource& given = *source.postgres;
  const auto wants = [&](policy::PostgresMethod method) {
    return std::find(given.method.begin(), given.method.end(), method) != given.method.end();
  };
  PostgresOptions options;
  options.server = find_server(given, environment, stop);
  if (given.host.empty()) options.data_directory = given.data_directory;
  options.databases = given.databases;
  options.logical = wants(policy::PostgresMethod::logical);
  options.physical = wants(policy::PostgresMethod::physical);
  options.format = given.format == policy::PostgresFormat::plain ? postgres::DumpFormat::plain
                                                                 : postgres::DumpFormat::custom;
  options.programs = given.programs;
  options.blocking_limit = given.blocking_limit;
  options.time_limit = given.time_limit.value_or(std::chrono::seconds(0));
  const auto now = std::chrono::floor<std::chrono::seconds>(environment.clock.now());
  options.utc_offset = environment.local_offset(now.time_since_epoch().count());
  return make_postgres_source(std::move(options), environment.clock, environment.log, stop);
}

std::vector<LiveClusterFinding> live_clusters_in(
    const policy::Source& source, const std::vector<postgres::LiveCluster>& running) {
  std::vector<LiveClusterFinding> found;
  const PatternList exclude = PatternList::parse(source.exclude);
  const PatternList exclude_any_case = PatternList::parse(source.iexclude, LetterCase::ignored);
  for (const postgres::LiveCluster& cluster : running) {
    const std::string& folder = cluster.data_directory;
    for (const std::string& given : source.files) {
      const std::string path = clean_path(given);
      const std::string real = real_path(path);
      if (!lies_in(folder, real) && !lies_in(real, folder)) continue;
      // Whoever leaves this file out does not copy a cluster. The source names it by its own path.
      const std::string named = lies_in(folder, real) ? path + folder.substr(real.size()) : folder;
      const std::string heart = named + "/global/pg_control";
      if (exclude.match(heart).matched || exclude_any_case.match(heart).matched) continue;
      found.push_back({cluster, given});
      break;
    }
  }
  return found;
}

Text replacing_yaml(const postgres::LiveCluster& cluster) {
  return text("service.live_cluster_yaml",
              {{"folder", cluster.data_directory},
               {"user", cluster.owner.empty() ? "postgres" : cluster.owner}});
}

void refuse_live_clusters(const policy::Source& source) {
  const auto found = live_clusters_in(source, postgres::find_live_clusters());
  if (found.empty()) return;
  const LiveClusterFinding& first = found.front();
  throw Error(ErrorCode::invalid_argument,
              text("service.live_cluster",
                   {{"source", source.name},
                    {"path", first.path},
                    {"folder", first.cluster.data_directory},
                    {"port", std::to_string(first.cluster.port)}}))
      .with_hint(replacing_yaml(first.cluster));
}

void refuse_live_target(const std::string& target) {
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::weakly_canonical(target, failed);
  const std::string path = failed ? target : real.string();
  for (const postgres::LiveCluster& cluster : postgres::find_live_clusters()) {
    if (!lies_in(path, cluster.data_directory)) continue;
    throw Error(ErrorCode::already_exists,
                text("service.live_target", {{"path", target}, {"folder", cluster.data_directory}}))
        .with_hint(text("service.live_target_hint"));
  }
}

}  // namespace hikae
