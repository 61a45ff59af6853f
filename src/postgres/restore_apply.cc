// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "postgres/restore.h"

namespace hikae::postgres {
namespace {

// Anything that somebody made: relations, functions and types outside the system's schemas, large
// objects. What an extension brought counts too: pg_restore would stumble over it.
constexpr const char* kCountContent =
    "SELECT (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
    "ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') + "
    "(SELECT count(*) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n "
    "ON n.oid = p.pronamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') + "
    "(SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' "
    "AND nspname NOT IN ('information_schema', 'public')) + "
    "(SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)";

void run(const RestoreTools& tools,
         std::vector<std::string> argv,
         std::string input,
         const StopToken& stop) {
  const std::string program = argv.front().substr(argv.front().rfind('/') + 1);
  const ClientLaunch launch(tools.server, std::move(argv));
  os::ProcessRequest request = launch.process();
  request.input = std::move(input);
  const os::ProcessResult result = os::run_process(request, stop);
  for (const std::string& warning : program_warnings(result.errors))
    tools.log.warning(text("postgres.program_warns", {{"words", warning}}));
  if (result.exit_code == 0) return;
  throw explain_program(result.errors,
                        text("postgres.program_failed",
                             {{"program", program},
                              {"code", std::to_string(result.exit_code)},
                              {"words", program_words(result.errors)}}))
      .with_hint(text("postgres.restore_hint"));
}

// template0 has nothing that the dump brings again, and takes any encoding.
std::string create_statement(const Connection& connection, const RestoreStep& step) {
  const DatabaseFacts& facts = step.facts;
  std::string sql = "CREATE DATABASE " + Connection::quote_name(step.target) +
                    " TEMPLATE template0 ENCODING " + connection.quote_value(facts.encoding);
  if (!facts.collate.empty()) sql += " LC_COLLATE " + connection.quote_value(facts.collate);
  if (!facts.ctype.empty()) sql += " LC_CTYPE " + connection.quote_value(facts.ctype);
  if (facts.provider == "icu")
    sql += " LOCALE_PROVIDER icu ICU_LOCALE " + connection.quote_value(facts.locale);
  if (facts.provider == "builtin")
    sql += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + connection.quote_value(facts.locale);
  return sql;
}

void create(const RestoreTools& tools,
            const RestoreStep& step,
            const std::string& maintenance_database,
            const StopToken& stop) {
  Connection connection(
      tools.server, maintenance_database, ConnectionKind::ordinary, tools.log, stop);
  // Copying a large template may take its time.
  connection.query("SET statement_timeout = 0", stop);
  connection.query(create_statement(connection, step), stop);
  if (tools.owners == Owners::drop || step.facts.owner.empty()) return;
  connection.query("ALTER DATABASE " + Connection::quote_name(step.target) + " OWNER TO " +
                       Connection::quote_name(step.facts.owner),
                   stop);
}

void drop(const RestoreTools& tools,
          const RestoreStep& step,
          const std::string& maintenance_database) {
  try {
    const StopToken always;
    Connection connection(
        tools.server, maintenance_database, ConnectionKind::ordinary, tools.log, always);
    connection.query("DROP DATABASE IF EXISTS " + Connection::quote_name(step.target), always);
  } catch (const Error&) {
    tools.log.warning(text("postgres.left_behind", {{"database", step.target}}));
  }
}

std::vector<std::string> fill_command(const RestoreTools& tools,
                                      const RestoreStep& step,
                                      const std::string& file) {
  const std::string database = "--dbname=" + database_argument(step.target);
  if (tools.format == DumpFormat::plain) {
    return {tools.programs.path("psql"),
            "--no-psqlrc",
            "--quiet",
            "--no-password",
            "--set=ON_ERROR_STOP=1",
            "--output=/dev/null",
            database,
            "--file=" + file};
  }
  std::vector<std::string> argv = {tools.programs.path("pg_restore"),
                                   "--exit-on-error",
                                   "--no-password",
                                   "--jobs=" + std::to_string(std::max(1, tools.jobs)),
                                   database};
  if (tools.owners == Owners::drop) {
    argv.emplace_back("--no-owner");
    argv.emplace_back("--no-privileges");
  }
  argv.push_back(file);
  return argv;
}

// The settings and rights of the database itself, which belong to its name: pg_restore gives them
// only together with creating the database under its old name.
void apply_properties(const RestoreTools& tools,
                      const RestoreStep& step,
                      const std::string& file,
                      const StopToken& stop) {
  if (tools.format == DumpFormat::plain || tools.owners == Owners::drop) return;
  const ClientLaunch launch(tools.server,
                            {tools.programs.path("pg_restore"),
                             "--create",
                             "--section=pre-data",
                             "--schema-only",
                             "--file=-",
                             file});
  os::ProcessRequest request = launch.process();
  request.output_limit = std::size_t{256} << 20U;
  const os::ProcessResult listed = os::run_process(request, stop);
  const std::string sql = database_properties(listed.output, step.facts.name, step.target);
  if (sql.empty()) return;
  run(tools,
      {tools.programs.path("psql"),
       "--no-psqlrc",
       "--quiet",
       "--no-password",
       "--set=ON_ERROR_STOP=1",
       "--output=/dev/null",
       "--dbname=" + database_argument(step.target)},
      sql,
      stop);
}

}  // namespace

std::vector<ExistingDatabase> find_existing(const Server& server,
                                            const std::vector<std::string>& names,
                                            Log& log,
                                            const StopToken& stop) {
  std::vector<ExistingDatabase> found;
  for (const std::string& name : names) {
    Connection connection(server, name, ConnectionKind::ordinary, log, stop);
    found.push_back({name, connection.query(kCountContent, stop).number(0, 0) == 0});
  }
  return found;
}

std::set<std::string> find_globals(Connection& connection, const StopToken& stop) {
  const Result result = connection.query(
      "SELECT rolname FROM pg_catalog.pg_roles UNION SELECT spcname FROM pg_catalog.pg_tablespace",
      stop);
  std::set<std::string> names;
  for (std::size_t row = 0; row < result.rows(); ++row) names.insert(result.text(row, 0));
  return names;
}

void apply_globals(const RestoreTools& tools,
                   const GlobalsPlan& plan,
                   const std::string& database,
                   const StopToken& stop) {
  run(tools,
      {tools.programs.path("psql"),
       "--no-psqlrc",
       "--quiet",
       "--no-password",
       "--set=ON_ERROR_STOP=1",
       "--output=/dev/null",
       "--dbname=" + database_argument(database)},
      plan.sql,
      stop);
}

void apply_step(const RestoreTools& tools,
                const RestoreStep& step,
                const std::string& file,
                const std::string& maintenance_database,
                const StopToken& stop) {
  const bool makes = step.how == RestoreStep::How::create;
  try {
    if (makes) create(tools, step, maintenance_database, stop);
    run(tools, fill_command(tools, step, file), "", stop);
    apply_properties(tools, step, file, stop);
  } catch (Error& error) {
    // A half-filled database must not pass for a restored one.
    if (makes && error.code() != ErrorCode::already_exists) drop(tools, step, maintenance_database);
    error.add_context(text("postgres.restoring", {{"database", step.target}}));
    error.set_hint(text("postgres.restore_hint"));
    throw;
  } catch (const Cancelled&) {
    if (makes) drop(tools, step, maintenance_database);
    throw;
  }
}

std::vector<RowDifference> compare_rows(const RestoreTools& tools,
                                        const RestoreStep& step,
                                        const StopToken& stop) {
  Connection connection(tools.server, step.target, ConnectionKind::ordinary, tools.log, stop);
  connection.query("SET statement_timeout = 0", stop);
  std::vector<RowDifference> differences;
  for (const TableRows& table : step.facts.tables) {
    // Rows of a partition are dumped with the partition; ONLY keeps those of children out.
    const Result count =
        connection.query("SELECT count(*) FROM ONLY " + Connection::quote_name(table.schema) + "." +
                             Connection::quote_name(table.table),
                         stop);
    const auto found = static_cast<std::uint64_t>(count.number(0, 0));
    if (found != table.rows) differences.push_back({table, found});
  }
  return differences;
}

}  // namespace hikae::postgres
