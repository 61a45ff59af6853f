// SPDX-License-Identifier: Apache-2.0
#include "postgres/catalog.h"

#include <algorithm>

namespace hikae::postgres {
namespace {

std::uint64_t size_at(const Result& result, std::size_t row, std::size_t column) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, result.number(row, column)));
}

constexpr int kWithProviders = 150000;  // and with versions of a database's collation
constexpr int kWithRules = 160000;
constexpr int kWithOneLocale = 170000;  // instead of one for ICU

}  // namespace

AnywhereConnection connect_anywhere(const Server& server, Log& log, const StopToken& stop) {
  const auto connect_to = [&](const std::string& database) -> AnywhereConnection {
    return {Connection(server, database, ConnectionKind::ordinary, log, stop), database};
  };
  try {
    return connect_to("postgres");
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found && error.code() != ErrorCode::permission) throw;
  }
  return connect_to("template1");
}

bool is_superuser(Connection& connection, const StopToken& stop) {
  return connection
      .query("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user", stop)
      .is_true(0, 0);
}

void require_cluster_of(Connection& connection,
                        const Server& server,
                        const std::string& data_directory,
                        const StopToken& stop) {
  const auto expected = system_identifier_of(data_directory);
  const std::string found = load_cluster_facts(connection, stop).system_identifier;
  if (!expected || found == *expected) return;
  throw Error(ErrorCode::not_found,
              text("postgres.other_cluster",
                   {{"place", place_of(server)},
                    {"path", data_directory},
                    {"found", found},
                    {"expected", *expected}}))
      .with_hint(text("postgres.other_cluster_hint"));
}

std::vector<DatabaseEntry> list_databases(Connection& connection, const StopToken& stop) {
  // The size of a database may be asked by who may connect to it.
  const Result result = connection.query(
      "SELECT datname, datallowconn, datistemplate, "
      "CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') "
      "THEN pg_catalog.pg_database_size(oid) END, datconnlimit <> -2 "
      "FROM pg_catalog.pg_database WHERE datname <> 'template0' ORDER BY datname",
      stop);
  std::vector<DatabaseEntry> found;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    found.push_back({result.text(row, 0),
                     result.is_true(row, 1),
                     result.is_true(row, 2),
                     size_at(result, row, 3),
                     result.is_true(row, 4)});
  }
  return found;
}

std::string database_question(int server_version) {
  std::string columns =
      "d.datname, pg_catalog.pg_database_size(d.oid), pg_catalog.pg_get_userbyid(d.datdba), "
      "pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, "
      "(SELECT count(*) FROM pg_catalog.pg_largeobject_metadata), ";
  if (server_version < kWithProviders) {
    columns += "NULL, NULL, 'libc', NULL, NULL";
  } else {
    columns +=
        "d.datcollversion, pg_catalog.pg_database_collation_actual_version(d.oid), "
        "CASE d.datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END, ";
    columns += server_version < kWithOneLocale ? "d.daticulocale, " : "d.datlocale, ";
    columns += server_version < kWithRules ? "NULL" : "d.daticurules";
  }
  return "SELECT " + columns +
         ", t.spcname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t "
         "ON t.oid = d.dattablespace WHERE d.datname = pg_catalog.current_database()";
}

DatabaseFacts load_database_facts(Connection& connection, const StopToken& stop) {
  const Result database = connection.query(database_question(connection.server_version()), stop);
  DatabaseFacts facts;
  facts.name = database.text(0, 0);
  facts.bytes = size_at(database, 0, 1);
  facts.owner = database.text(0, 2);
  facts.encoding = database.text(0, 3);
  facts.collate = database.text(0, 4);
  facts.ctype = database.text(0, 5);
  facts.large_objects = size_at(database, 0, 6);
  facts.collation_version = database.text(0, 7);
  facts.actual_collation_version = database.text(0, 8);
  facts.provider = database.text(0, 9);
  facts.locale = database.text(0, 10);
  facts.icu_rules = database.text(0, 11);
  facts.tablespace = database.text(0, 12);
  const Result extensions = connection.query(
      "SELECT extname, extversion FROM pg_catalog.pg_extension ORDER BY extname", stop);
  for (std::size_t row = 0; row < extensions.rows(); ++row)
    facts.extensions.push_back({extensions.text(row, 0), extensions.text(row, 1)});
  return facts;
}

ClusterFacts load_cluster_facts(Connection& connection, const StopToken& stop) {
  const Result result = connection.query(
      "SELECT pg_catalog.current_setting('server_version'), pg_catalog.pg_is_in_recovery(), "
      "(SELECT system_identifier FROM pg_catalog.pg_control_system())",
      stop);
  ClusterFacts facts;
  facts.server_version = result.text(0, 0);
  facts.in_recovery = result.is_true(0, 1);
  facts.system_identifier = result.text(0, 2);
  return facts;
}

}  // namespace hikae::postgres
