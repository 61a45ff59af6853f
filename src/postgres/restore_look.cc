// SPDX-License-Identifier: Apache-2.0
// What is on the server before a restore, and after it.
#include <array>

#include "postgres/restore.h"
#include "postgres/restore_marks.h"

namespace hikae::postgres {
namespace {

// Anything that somebody made in the database. What an extension brought counts too: pg_restore
// would stumble over it.
std::string content_question() {
  // What initdb makes has smaller numbers (FirstNormalObjectId of access/transam.h).
  constexpr const char* kMade = " WHERE oid >= 16384) + ";
  constexpr std::array<const char*, 24> kCatalogues = {"pg_class",
                                                       "pg_proc",
                                                       "pg_type",
                                                       "pg_operator",
                                                       "pg_opclass",
                                                       "pg_opfamily",
                                                       "pg_am",
                                                       "pg_cast",
                                                       "pg_collation",
                                                       "pg_conversion",
                                                       "pg_language",
                                                       "pg_extension",
                                                       "pg_trigger",
                                                       "pg_event_trigger",
                                                       "pg_publication",
                                                       "pg_default_acl",
                                                       "pg_ts_config",
                                                       "pg_ts_dict",
                                                       "pg_ts_parser",
                                                       "pg_ts_template",
                                                       "pg_transform",
                                                       "pg_statistic_ext",
                                                       "pg_foreign_server",
                                                       "pg_foreign_data_wrapper"};
  std::string question = "SELECT ";
  for (const char* catalogue : kCatalogues)
    question += std::string("(SELECT count(*) FROM pg_catalog.") + catalogue + kMade;
  // A session's own schema for temporary tables stays when the session has ended.
  question +=
      "(SELECT count(*) FROM pg_catalog.pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_') + "
      "(SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)";
  return question;
}
// Another restore may be at it this moment.
constexpr const char* kCountSessions =
    "SELECT count(*) FROM pg_catalog.pg_stat_activity "
    "WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid() "
    "AND backend_type <> 'autovacuum worker'";

// 0 where somebody has put something else in the table's place: whoever counts may be a superuser,
// and a view runs what its owner wrote. The lock keeps the name with the table.
std::uint64_t count_rows(Connection& connection, const TableRows& table, const StopToken& stop) {
  const std::string name =
      Connection::quote_name(table.schema) + "." + Connection::quote_name(table.table);
  connection.query("BEGIN", stop);
  connection.query("LOCK TABLE ONLY " + name + " IN ACCESS SHARE MODE", stop);
  const Result is_table = connection.query(
      "SELECT 1 FROM pg_catalog.pg_class WHERE oid = $1::pg_catalog.regclass AND relkind = 'r'",
      {name},
      stop);
  // Rows of a partition are dumped with the partition; ONLY keeps those of children out.
  const std::int64_t rows =
      is_table.rows() == 0
          ? 0
          : connection.query("SELECT pg_catalog.count(*) FROM ONLY " + name, stop).number(0, 0);
  connection.query("COMMIT", stop);
  return static_cast<std::uint64_t>(rows);
}

constexpr const char* kExtensionTables =
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_depend d "
    "JOIN pg_catalog.pg_class c ON c.oid = d.objid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'";

}  // namespace

std::vector<ExistingDatabase> find_existing(const Server& server,
                                            const std::vector<std::string>& names,
                                            Log& log,
                                            const StopToken& stop) {
  std::vector<ExistingDatabase> found;
  for (const std::string& name : names) {
    Connection connection(server, name, ConnectionKind::ordinary, log, stop);
    const std::string comment = connection.query(kComment, {name}, stop).text(0, 0);
    found.push_back(
        {name,
         connection.query(content_question(), stop).number(0, 0) == 0,
         comment == kUnfinished && connection.query(kCountSessions, stop).number(0, 0) == 0,
         comment == kHalfFilled,
         load_database_facts(connection, stop)});
  }
  return found;
}

ExistingGlobals find_globals(Connection& connection, const StopToken& stop) {
  const auto names_of = [&](const std::string& question) {
    const Result result = connection.query(question, stop);
    std::set<std::string> names;
    for (std::size_t row = 0; row < result.rows(); ++row) names.insert(result.text(row, 0));
    return names;
  };
  return {names_of("SELECT rolname FROM pg_catalog.pg_roles"),
          names_of("SELECT spcname FROM pg_catalog.pg_tablespace")};
}

std::vector<RowDifference> compare_rows(const RestoreTools& tools,
                                        const RestoreStep& step,
                                        const StopToken& stop) {
  Connection connection(tools.server, step.target, ConnectionKind::ordinary, tools.log, stop);
  connection.query("SET statement_timeout = 0", stop);
  // Of an extension's own tables the dump has only what somebody added to them.
  const Result members = connection.query(kExtensionTables, stop);
  std::set<std::pair<std::string, std::string>> left_out;
  for (std::size_t row = 0; row < members.rows(); ++row)
    left_out.emplace(members.text(row, 0), members.text(row, 1));
  std::vector<RowDifference> differences;
  for (const TableRows& table : step.facts.tables) {
    if (left_out.count({table.schema, table.table}) != 0) continue;
    const std::uint64_t found = count_rows(connection, table, stop);
    if (found != table.rows) differences.push_back({table, found});
  }
  return differences;
}

}  // namespace hikae::postgres
