// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "postgres/restore.h"

namespace hikae::postgres {
namespace {

// The comment of a database that is being filled. Whoever lists databases sees it, and a later
// restore knows by it what it may drop.
constexpr const char* kUnfinished = "hikae: this restore has not come to its end";
// And of one that was there, empty: it is not dropped, and must not pass for restored either.
constexpr const char* kHalfFilled = "hikae: a restore into this database has not come to its end";
constexpr std::chrono::seconds kRestartPatience{30};
constexpr std::chrono::milliseconds kLookAgain{500};

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
// Of the database $1.
constexpr const char* kComment =
    "SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database "
    "WHERE datname = $1";

constexpr const char* kExtensionTables =
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_depend d "
    "JOIN pg_catalog.pg_class c ON c.oid = d.objid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'";

// By the server's words, as far as it speaks English.
Text restore_hint(const Error& error) {
  const std::string words = render(error.message(), Language::en);
  const auto says = [&](std::string_view part) { return words.find(part) != std::string::npos; };
  if (says("tablespace")) return text("postgres.tablespace_hint");
  if (says("permission denied") || says("must be ")) return text("postgres.restore_rights_hint");
  if (says("role \"") || says("extension")) return text("postgres.restore_hint");
  return text("postgres.again_hint");
}

Error program_failed(const std::string& program, const os::ProcessResult& result) {
  const Error error = explain_program(result.errors,
                                      text("postgres.program_failed",
                                           {{"program", program},
                                            {"code", std::to_string(result.exit_code)},
                                            {"words", program_words(result.errors)}}));
  // Its hint is about what a dump needs, and a run that tries again.
  Error told(error.code(), error.message(), error.retry());
  if (error.retry() != Retry::no) return std::move(told).with_hint(text("postgres.again_hint"));
  const bool is_full = error.code() == ErrorCode::no_space;
  return std::move(told).with_hint(is_full ? text("postgres.no_room_hint") : restore_hint(error));
}

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
  if (result.exit_code != 0) throw program_failed(program, result);
}

std::string comment_statement(const std::string& database, const std::string& literal) {
  return "COMMENT ON DATABASE " + Connection::quote_name(database) + " IS " + literal;
}

Connection connect_to(const RestoreTools& tools,
                      const std::string& database,
                      const StopToken& stop) {
  Connection connection(tools.server, database, ConnectionKind::ordinary, tools.log, stop);
  // Copying a large template may take its time.
  connection.query("SET statement_timeout = 0", stop);
  return connection;
}

void create(const RestoreTools& tools,
            const RestoreStep& step,
            const std::string& maintenance_database,
            const StopToken& stop) {
  Connection connection = connect_to(tools, maintenance_database, stop);
  const std::set<std::string> tablespaces = find_globals(connection, stop).tablespaces;
  const std::string& wanted = step.facts.tablespace;
  if (tools.tablespaces == Tablespaces::ignore) {
    connection.query(create_statement(step, connection.server_major(), {}), stop);
    return;
  }
  if (!wanted.empty() && tablespaces.count(wanted) == 0) {
    tools.log.warning(
        text("postgres.no_tablespace", {{"tablespace", wanted}, {"database", step.target}}));
  }
  connection.query(create_statement(step, connection.server_major(), tablespaces), stop);
}

void prepare(const RestoreTools& tools,
             const RestoreStep& step,
             const std::string& maintenance_database,
             const StopToken& stop) {
  Connection connection = connect_to(tools, maintenance_database, stop);
  connection.query(comment_statement(step.target, connection.quote_value(kUnfinished)), stop);
  if (tools.owners == Owners::drop || step.facts.owner.empty()) return;
  connection.query("ALTER DATABASE " + Connection::quote_name(step.target) + " OWNER TO " +
                       Connection::quote_name(step.facts.owner),
                   stop);
}

// A program that was killed may leave sessions behind which go on building an index.
void drop_now(const RestoreTools& tools,
              const RestoreStep& step,
              const std::string& maintenance_database,
              const StopToken& stop) {
  connect_to(tools, maintenance_database, stop)
      .query("DROP DATABASE IF EXISTS " + Connection::quote_name(step.target) + " WITH (FORCE)",
             stop);
}

// A server that ran out of space restarts; meanwhile it takes no connections.
void drop(const RestoreTools& tools,
          const RestoreStep& step,
          const std::string& maintenance_database) {
  const auto patience = std::chrono::steady_clock::now() + kRestartPatience;
  while (true) {
    try {
      return drop_now(tools, step, maintenance_database, StopToken());
    } catch (const Error& error) {
      if (error.retry() == Retry::no || std::chrono::steady_clock::now() >= patience) {
        tools.log.warning(
            because(text("postgres.left_behind", {{"database", step.target}}), error));
        return;
      }
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

std::vector<std::string> fill_command(const RestoreTools& tools,
                                      const RestoreStep& step,
                                      const std::string& file) {
  const std::string database = "--dbname=" + database_argument(tools.server, step.target);
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
  if (tools.tablespaces == Tablespaces::ignore) argv.emplace_back("--no-tablespaces");
  argv.push_back(file);
  return argv;
}

// The SQL that holds the settings and rights of the database itself, which belong to its name:
// pg_restore gives them only together with creating the database under its old name.
std::string list_properties(const RestoreTools& tools,
                            const RestoreStep& step,
                            const std::string& file,
                            const StopToken& stop) {
  if (tools.format == DumpFormat::plain) return step.facts.properties;
  const ClientLaunch launch(tools.server,
                            {tools.programs.path("pg_restore"),
                             "--create",
                             "--section=pre-data",
                             "--schema-only",
                             "--file=-",
                             file});
  os::ProcessRequest request = launch.process();
  request.output_limit = std::size_t{256} << 20U;
  os::ProcessResult listed = os::run_process(request, stop);
  if (listed.exit_code != 0) throw program_failed("pg_restore", listed);
  return std::move(listed.output);
}

void apply_properties(const RestoreTools& tools,
                      const RestoreStep& step,
                      const std::string& file,
                      const StopToken& stop) {
  if (tools.owners == Owners::drop) return;
  const std::string sql =
      database_properties(list_properties(tools, step, file, stop), step.facts.name, step.target);
  if (sql.empty()) return;
  run(tools,
      {tools.programs.path("psql"),
       "--no-psqlrc",
       "--quiet",
       "--no-password",
       "--set=ON_ERROR_STOP=1",
       "--output=/dev/null",
       "--dbname=" + database_argument(tools.server, step.target)},
      sql,
      stop);
}

// Gives back the comment that it had. Whoever fills a database need not own it: then it stays
// without the mark.
std::string mark_filling(const RestoreTools& tools,
                         const RestoreStep& step,
                         const std::string& maintenance_database,
                         const StopToken& stop) {
  Connection connection = connect_to(tools, maintenance_database, stop);
  std::string before = connection.query(kComment, {step.target}, stop).text(0, 0);
  try {
    connection.query(comment_statement(step.target, connection.quote_value(kHalfFilled)), stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::permission) throw;
  }
  return before;
}

// The dump's own comment, if it has one, came with its properties. From without: these may have
// closed the database to who restores.
void mark_finished(const RestoreTools& tools,
                   const RestoreStep& step,
                   const std::string& comment,
                   const std::string& maintenance_database,
                   const StopToken& stop) {
  Connection connection = connect_to(tools, maintenance_database, stop);
  const std::string now = connection.query(kComment, {step.target}, stop).text(0, 0);
  if (now != kUnfinished && now != kHalfFilled) return;
  connection.query(
      comment_statement(step.target, comment.empty() ? "NULL" : connection.quote_value(comment)),
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
       "--dbname=" + database_argument(tools.server, database)},
      plan.sql,
      stop);
}

void apply_step(const RestoreTools& tools,
                const RestoreStep& step,
                const std::string& file,
                const std::string& maintenance_database,
                const StopToken& stop) {
  // Never drop what somebody else made meanwhile.
  bool made = false;
  std::string comment;
  const bool filling = step.how == RestoreStep::How::fill_empty;
  try {
    if (step.how == RestoreStep::How::make_anew) drop_now(tools, step, maintenance_database, stop);
    if (!filling) {
      create(tools, step, maintenance_database, stop);
      made = true;
      prepare(tools, step, maintenance_database, stop);
    }
    if (filling) comment = mark_filling(tools, step, maintenance_database, stop);
    run(tools, fill_command(tools, step, file), "", stop);
    apply_properties(tools, step, file, stop);
    mark_finished(tools, step, comment, maintenance_database, stop);
  } catch (Error& error) {
    // A half-filled database must not pass for a restored one.
    if (made) drop(tools, step, maintenance_database);
    if (filling) tools.log.warning(text("postgres.half_filled", {{"database", step.target}}));
    error.add_context(text("postgres.restoring", {{"database", step.target}}));
    error.set_hint(restore_hint(error));
    throw;
  } catch (const Cancelled&) {
    if (made) drop(tools, step, maintenance_database);
    if (filling) tools.log.warning(text("postgres.half_filled", {{"database", step.target}}));
    throw;
  }
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
