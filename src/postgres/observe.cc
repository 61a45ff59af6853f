// SPDX-License-Identifier: Apache-2.0
// The effectful half of diagnose.h.
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "os/files.h"
#include "postgres/catalog.h"
#include "postgres/diagnose.h"
#include "postgres/programs.h"

namespace hikae::postgres {
namespace {

// What pg_dump would lock and copy: tables, partitioned tables, sequences and views of users.
constexpr const char* kUserRelations =
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'm', 'S') AND n.nspname !~ '^pg_' "
    "AND n.nspname <> 'information_schema' ";

std::vector<std::string> first_names(const Result& result) {
  constexpr std::size_t kMost = 5;
  std::vector<std::string> names;
  for (std::size_t row = 0; row < result.rows() && row < kMost; ++row)
    names.push_back(result.text(row, 0));
  return names;
}

void observe_role(Connection& connection, ServerObservation& seen, const StopToken& stop) {
  const Result role = connection.query(
      "SELECT rolsuper, rolbypassrls, rolreplication FROM pg_catalog.pg_roles "
      "WHERE rolname = current_user",
      stop);
  if (role.rows() == 1) {
    seen.is_superuser = role.is_true(0, 0);
    seen.bypasses_row_security = role.is_true(0, 1);
    seen.may_replicate = role.is_true(0, 2);
  }
  const Result rights = connection.query(
      "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT'), "
      "pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')",
      stop);
  seen.reads_role_passwords = rights.is_true(0, 0);
  seen.sees_all_sessions = rights.is_true(0, 1);
  constexpr int kWithReadAllData = 14;
  if (connection.server_major() < kWithReadAllData) return;
  seen.reads_all_data =
      connection
          .query("SELECT pg_catalog.pg_has_role(current_user, 'pg_read_all_data', 'USAGE')", stop)
          .is_true(0, 0);
}

void observe_cluster(Connection& connection,
                     const DiagnoseOptions& options,
                     ServerObservation& seen,
                     const StopToken& stop) {
  const Result settings = connection.query(
      "SELECT pg_catalog.current_setting('server_version'), "
      "pg_catalog.current_setting('data_checksums') = 'on', pg_catalog.pg_is_in_recovery(), "
      "pg_catalog.current_setting('wal_level'), "
      "pg_catalog.current_setting('max_wal_senders')::int - "
      "(SELECT count(*) FROM pg_catalog.pg_stat_replication), "
      "(SELECT count(*) FROM pg_catalog.pg_prepared_xacts "
      "WHERE prepared < now() - pg_catalog.make_interval(secs => $1)), "
      "pg_catalog.current_setting('max_replication_slots')::int - "
      "(SELECT count(*) FROM pg_catalog.pg_replication_slots)",
      {std::to_string(options.long_transaction.count())},
      stop);
  seen.version = settings.text(0, 0);
  seen.checksums = settings.is_true(0, 1);
  seen.in_recovery = settings.is_true(0, 2);
  seen.wal_level = settings.text(0, 3);
  seen.wal_senders_free = settings.number(0, 4);
  seen.prepared_transactions = static_cast<std::uint64_t>(settings.number(0, 5));
  seen.replication_slots_free = settings.number(0, 6);
  // Of others than superusers and pg_read_all_settings the view hides both.
  const Result outside = connection.query(
      "SELECT c.setting FROM pg_catalog.pg_settings c, pg_catalog.pg_settings d "
      "WHERE c.name = 'config_file' AND d.name = 'data_directory' "
      "AND NOT pg_catalog.starts_with(c.setting, d.setting || '/')",
      stop);
  if (outside.rows() == 1) seen.outer_configuration = outside.text(0, 0);
  // Without pg_read_all_stats those of others have no start, and are not found.
  const Result old = connection.query(
      "SELECT pid, usename, datname, extract(epoch FROM now() - xact_start)::bigint "
      "FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' "
      "AND pid <> pg_catalog.pg_backend_pid() "
      "AND xact_start < now() - pg_catalog.make_interval(secs => $1) ORDER BY xact_start LIMIT 5",
      {std::to_string(options.long_transaction.count())},
      stop);
  for (std::size_t row = 0; row < old.rows(); ++row) {
    seen.long_transactions.push_back({static_cast<int>(old.number(row, 0)),
                                      old.text(row, 1),
                                      old.text(row, 2),
                                      std::chrono::seconds(old.number(row, 3))});
  }
}

DatabaseRights observe_database(const Server& server,
                                const std::string& name,
                                Log& log,
                                const StopToken& stop) {
  Connection connection(server, name, ConnectionKind::ordinary, log, stop);
  DatabaseRights rights;
  rights.name = name;
  // A table needs USAGE of its schema, too.
  const Result closed = connection.query(
      std::string("SELECT c.oid::regclass ") + kUserRelations +
          "AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND CASE WHEN c.relkind = 'S' "
          "THEN pg_catalog.has_sequence_privilege(c.oid, "
          "'SELECT') ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END) ORDER BY 1",
      stop);
  rights.unreadable = first_names(closed);
  rights.unreadable_count = closed.rows();
  const Result hidden = connection.query(std::string("SELECT c.oid::regclass ") + kUserRelations +
                                             "AND pg_catalog.row_security_active(c.oid) ORDER BY 1",
                                         stop);
  rights.row_security = first_names(hidden);
  rights.row_security_count = hidden.rows();
  const Result rest = connection.query(
      "SELECT (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata m "
      "WHERE NOT pg_catalog.pg_has_role(current_user, m.lomowner, 'USAGE') "
      "AND NOT EXISTS (SELECT 1 FROM pg_catalog.aclexplode(m.lomacl) a "
      "WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR "
      "pg_catalog.pg_has_role(current_user, a.grantee, 'USAGE')))), "
      "(SELECT count(*) FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d "
      "ON d.oid = s.subdbid WHERE d.datname = pg_catalog.current_database())",
      stop);
  rights.large_objects_unreadable = static_cast<std::uint64_t>(rest.number(0, 0));
  rights.subscriptions = static_cast<std::uint64_t>(rest.number(0, 1));
  const DatabaseFacts facts = load_database_facts(connection, stop);
  rights.collation_recorded = facts.collation_version;
  rights.collation_actual = facts.actual_collation_version;
  return rights;
}

// Those of the server's folders that lie on a file system of their own.
void observe_disks(const DiagnoseOptions& options, ServerObservation& seen) {
  if (options.data_directory.empty()) return;
  std::vector<std::string> folders = {options.data_directory, options.data_directory + "/pg_wal"};
  std::error_code unreadable;
  for (const auto& entry :
       std::filesystem::directory_iterator(options.data_directory + "/pg_tblspc", unreadable))
    folders.push_back(entry.path().string());
  std::set<dev_t> known;
  for (const std::string& folder : folders) {
    struct stat status {};
    if (stat(folder.c_str(), &status) != 0 || !known.insert(status.st_dev).second) continue;
    const std::string place = std::filesystem::canonical(folder, unreadable).string();
    try {
      const os::DiskSpace space = os::free_space(folder);
      seen.disks.push_back({place.empty() ? folder : place, space.free_bytes, space.total_bytes});
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): it went away meanwhile
    }
  }
}

void observe_replication(const Server& server,
                         ServerObservation& seen,
                         Log& log,
                         const StopToken& stop) {
  if (!seen.may_replicate && !seen.is_superuser) return;
  try {
    Connection connection(server, "", ConnectionKind::replication, log, stop);
    connection.query("IDENTIFY_SYSTEM", stop);
  } catch (const Error& error) {
    seen.no_replication = error;
  }
}

void observe_databases(Connection& connection,
                       const Server& server,
                       const DiagnoseOptions& options,
                       ServerObservation& seen,
                       Log& log,
                       const StopToken& stop) {
  try {
    for (const DatabaseEntry& entry :
         choose_databases(list_databases(connection, stop), options.databases))
      seen.databases.push_back(observe_database(server, entry.name, log, stop));
  } catch (const Error& error) {
    seen.no_databases = error;
  }
}

}  // namespace

ServerObservation observe_server(const Server& server,
                                 const DiagnoseOptions& options,
                                 Log& log,
                                 const StopToken& stop) {
  ServerObservation seen;
  try {
    Connection connection = connect_anywhere(server, log, stop).connection;
    seen.major = connection.server_major();
    observe_role(connection, seen, stop);
    observe_cluster(connection, options, seen, stop);
    for (const DatabaseEntry& entry : list_databases(connection, stop)) seen.bytes += entry.bytes;
    if (options.logical == Wanted::yes)
      observe_databases(connection, server, options, seen, log, stop);
    if (options.physical == Wanted::yes) observe_replication(server, seen, log, stop);
  } catch (const Error& error) {
    seen.no_connection = error;
    return seen;
  }
  try {
    seen.programs_major = find_programs(options.programs, seen.major).major;
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): that none fits is the finding
  }
  observe_disks(options, seen);
  return seen;
}

}  // namespace hikae::postgres
