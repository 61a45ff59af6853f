// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <thread>

#include "postgres/restore.h"
#include "postgres/restore_marks.h"

namespace hikae::postgres {
namespace {

constexpr std::chrono::seconds kRestartPatience{30};
constexpr std::chrono::milliseconds kLookAgain{500};

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

// 0: superusers alone may connect. -1: everybody.
std::string limit_statement(const std::string& database, int connections) {
  return "ALTER DATABASE " + Connection::quote_name(database) + " CONNECTION LIMIT " +
         std::to_string(connections);
}

Connection connect_to(const RestoreTools& tools,
                      const std::string& database,
                      const StopToken& stop) {
  Connection connection(tools.server, database, ConnectionKind::ordinary, tools.log, stop);
  // Copying a large template may take its time. The maintenance database may have just been
  // restored with what it was set to.
  connection.query("SET statement_timeout = 0", stop);
  connection.query("SET default_transaction_read_only = off", stop);
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
  // What a superuser does here nobody else may lay a trap for: a trigger, a view in a table's
  // place.
  if (tools.server.is_superuser) connection.query(limit_statement(step.target, 0), stop);
  if (tools.owners == Owners::drop || step.facts.owner.empty()) return;
  connection.query("ALTER DATABASE " + Connection::quote_name(step.target) + " OWNER TO " +
                       Connection::quote_name(step.facts.owner),
                   stop);
}

// The dump's own limit comes with its properties.
void open_to_all(const RestoreTools& tools,
                 const RestoreStep& step,
                 const std::string& maintenance_database,
                 const StopToken& stop) {
  if (!tools.server.is_superuser) return;
  connect_to(tools, maintenance_database, stop).query(limit_statement(step.target, -1), stop);
}

// A program that was killed may leave sessions behind which go on building an index.
void drop_now(const RestoreTools& tools,
              const RestoreStep& step,
              const std::string& maintenance_database,
              const StopToken& stop) {
  Connection connection = connect_to(tools, maintenance_database, stop);
  const std::string name = Connection::quote_name(step.target);
  const Result is_template =
      connection.query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1 AND datistemplate",
                       {step.target},
                       stop);
  if (is_template.rows() > 0)
    connection.query("ALTER DATABASE " + name + " IS_TEMPLATE false", stop);
  connection.query("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", stop);
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
  const std::string sql = database_properties(
      list_properties(tools, step, file, stop), step.facts.name, step.target, tools.owners);
  if (sql.empty()) return;
  run(tools,
      {tools.programs.path("psql"),
       "--no-psqlrc",
       "--quiet",
       "--no-password",
       "--set=ON_ERROR_STOP=1",
       // The comment takes the place of our mark: not before the rest is there.
       "--single-transaction",
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
  if (before == kHalfFilled || before == kUnfinished) before.clear();
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
    if (made) open_to_all(tools, step, maintenance_database, stop);
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

}  // namespace hikae::postgres
