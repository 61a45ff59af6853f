// SPDX-License-Identifier: Apache-2.0
// Databases from a snapshot into a server: plan, space, fetch, then one after the other.
#include "cli/postgres_restore.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/json.h"
#include "base/units.h"
#include "cli/postgres_choice.h"
#include "cli/private_folder.h"
#include "cli/reading.h"
#include "cli/snapshot_options.h"
#include "concurrency/task_group.h"
#include "os/files.h"
#include "postgres/restore.h"
#include "restore/pipeline.h"
#include "service/physical_restore.h"
#include "service/postgres_source.h"

namespace hikae::cli {
namespace {

constexpr std::string_view kFolder = "/postgres/logical";

class DatabaseRestore {
 public:
  DatabaseRestore(const Session& session, const PostgresRestoreOptions& options)
      : session_(session),
        options_(options),
        choice_(choose_postgres(session, options)),
        server_(find_server(choice_.server, session.environment, session.stop)),
        index_(load_index_for_reading(session, *choice_.from.origin.opened.repository)),
        folder_(options.temporary, server_, session.environment.clock) {}

  int run() {
    fetch_facts();
    facts_ = postgres::parse_facts(as_text(os::read_file(file("facts.json"), kMostFacts)));
    require_custom();
    postgres::Connection connection = connect();
    // An archive is read by no older program than the one that wrote it.
    programs_ = postgres::find_programs(choice_.server.programs,
                                        std::max(connection.server_major(), facts_.dump_major));
    steps_ = plan(connection);
    globals_ = plan_globals(connection);
    say_plan();
    std::size_t different = 0;
    if (!options_.dry_run) {
      check_space();
      if (options_.globals) postgres::apply_globals(tools(), globals_, maintenance_, session_.stop);
      different = restore_all();
    }
    if (session_.options.json) {
      print_json(different);
    } else if (options_.dry_run) {
      session_.console.say(text("cli_postgres.dry_run"));
    }
    say_failures();
    return different == 0 && failed_.empty() && unverified_.empty() ? 0 : 1;
  }

 private:
  static constexpr std::size_t kMostFacts = std::size_t{256} << 20U;

  std::string file(const std::string& name) const { return folder_.path() + "/" + name; }

  // One file of the snapshot, checked, from whichever destination can give it.
  void fetch(const std::string& name) {
    RestoreOptions restore;
    restore.target = folder_.path();
    restore.subfolder = kFolder;
    restore.include = {"/" + escaped(name)};
    restore.ownership = Ownership::none;
    restore.others = choice_.from.origin.others.get();
    RestoreProgress progress;
    const RestoreReport report = run_restore(*choice_.from.origin.opened.repository,
                                             index_,
                                             choice_.from.record.snapshot.tree,
                                             restore,
                                             progress,
                                             session_.console,
                                             session_.stop);
    if (!report.errors.empty()) throw Error(ErrorCode::corrupt, report.errors.front().message);
    if (report.files_restored == 0) {
      throw Error(ErrorCode::not_found,
                  text("cli_postgres.no_dumps", {{"snapshot", choice_.from.record.id.short_hex()}}))
          .with_hint(text("cli_postgres.no_dumps_hint"));
    }
    folder_.give(file(name));
  }

  void fetch_facts() {
    try {
      fetch("facts.json");
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found ||
          !has_physical_backup(*choice_.from.origin.opened.repository,
                               index_,
                               choice_.from.record.snapshot.tree,
                               session_.stop)) {
        throw;
      }
      throw Error(
          ErrorCode::not_found,
          text("cli_postgres.only_physical", {{"snapshot", choice_.from.record.id.short_hex()}}))
          .with_hint(text("cli_postgres.only_physical_hint"));
    }
  }

  // A file of the snapshot as long as it is needed.
  class Fetched {
   public:
    Fetched(DatabaseRestore& restore, const std::string& name) : path_(restore.file(name)) {
      restore.fetch(name);
    }
    ~Fetched() {
      std::error_code ignored;
      std::filesystem::remove(path_, ignored);
    }
    Fetched(const Fetched&) = delete;
    Fetched& operator=(const Fetched&) = delete;

   private:
    std::string path_;
  };

  // As a pattern that means itself.
  static std::string escaped(const std::string& name) {
    std::string pattern;
    for (const char c : name) {
      if (c == '*' || c == '?' || c == '[' || c == '\\') pattern += '\\';
      pattern += c;
    }
    return pattern;
  }

  postgres::Connection connect() {
    postgres::AnywhereConnection any =
        postgres::connect_anywhere(server_, session_.console, session_.stop);
    maintenance_ = any.database;
    server_.is_superuser = postgres::is_superuser(any.connection, session_.stop);
    const policy::PostgresSource& named = choice_.server;
    if (named.host.empty() && !named.data_directory.empty()) {
      postgres::require_cluster_of(any.connection, server_, named.data_directory, session_.stop);
    }
    return std::move(any.connection);
  }

  // The names and places of owners and tablespaces stand in the SQL itself.
  void require_custom() const {
    if (facts_.format == postgres::DumpFormat::custom) return;
    if (!options_.no_owner && !options_.no_tablespaces) return;
    throw Error(ErrorCode::unsupported,
                text("cli_postgres.plain_keeps",
                     {{"option", options_.no_owner ? "--no-owner" : "--no-tablespaces"}}))
        .with_hint(text("cli_postgres.plain_keeps_hint"));
  }

  std::vector<postgres::RestoreStep> plan(postgres::Connection& connection) {
    std::vector<postgres::RestoreWish> wishes;
    for (const std::string& argument : options_.databases)
      wishes.push_back(postgres::parse_wish(argument, facts_));
    if (options_.all) wishes = postgres::wish_all(facts_);
    // What the snapshot has not is said before anybody is asked for a database of that name.
    postgres::plan_databases(facts_, wishes, {}, connection.server_major());
    std::vector<std::string> there;
    for (const auto& entry : postgres::list_databases(connection, session_.stop)) {
      const bool wanted = std::any_of(wishes.begin(), wishes.end(), [&](const auto& wish) {
        return wish.target == entry.name;
      });
      if (wanted) there.push_back(entry.name);
    }
    const auto existing = postgres::find_existing(server_, there, session_.console, session_.stop);
    return postgres::plan_databases(
        facts_,
        wishes,
        existing,
        connection.server_major(),
        options_.skip_existing ? postgres::IfExists::skip : postgres::IfExists::refuse);
  }

  static const char* key_of(postgres::RestoreStep::How how) {
    switch (how) {
      case postgres::RestoreStep::How::create:
        return "cli_postgres.will_create";
      case postgres::RestoreStep::How::fill_empty:
        return "cli_postgres.will_fill";
      case postgres::RestoreStep::How::make_anew:
        return "cli_postgres.will_make_anew";
      case postgres::RestoreStep::How::skip:
        return "cli_postgres.will_skip";
    }
    return "";
  }

  std::string shown_time() const {
    return ShownTime(session_).of(choice_.from.record.snapshot.time);
  }

  void say_plan() {
    if (session_.options.json) return;
    session_.console.write(LogLevel::info,
                           text("cli_postgres.plan",
                                {{"snapshot", choice_.from.record.id.short_hex()},
                                 {"time", shown_time()},
                                 {"place", postgres::place_of(server_)}}));
    say_globals();
    for (const postgres::RestoreStep& step : steps_) {
      session_.console.write(LogLevel::info,
                             text(key_of(step.how),
                                  {{"database", step.facts.name},
                                   {"target", step.target},
                                   {"size", format_bytes(step.facts.dump_bytes)}}));
      if (const auto warning = postgres::other_locale(step)) session_.console.warning(*warning);
    }
  }

  // One dump lies there at a time.
  void check_space() {
    std::uint64_t most = 0;
    for (const postgres::RestoreStep& step : steps_) {
      if (step.how != postgres::RestoreStep::How::skip)
        most = std::max(most, step.facts.dump_bytes);
    }
    const std::uint64_t free = os::free_space(folder_.path()).free_bytes;
    if (free > most) return;
    throw Error(ErrorCode::no_space,
                text("cli_postgres.no_space",
                     {{"path", folder_.path()},
                      {"free", format_bytes(free)},
                      {"needed", format_bytes(most)}}))
        .with_hint(text("cli_postgres.no_space_hint"));
  }

  postgres::Tablespaces tablespaces() const {
    return options_.no_tablespaces ? postgres::Tablespaces::ignore : postgres::Tablespaces::keep;
  }

  postgres::RestoreTools tools() {
    postgres::RestoreTools tools{
        server_,
        programs_,
        facts_.format,
        1,
        options_.no_owner ? postgres::Owners::drop : postgres::Owners::keep,
        session_.console};
    tools.tablespaces = tablespaces();
    tools.jobs = options_.jobs > 0 ? options_.jobs : static_cast<int>(cpu_count());
    return tools;
  }

  postgres::GlobalsPlan plan_globals(postgres::Connection& connection) {
    if (!options_.globals) return {};
    fetch("globals.sql");
    const Bytes sql = os::read_file(file("globals.sql"), kMostFacts);
    return postgres::plan_globals(
        as_text(sql), postgres::find_globals(connection, session_.stop), tablespaces());
  }

  void say_globals() {
    using Kind = postgres::GlobalName::Kind;
    for (const auto& [kind, name] : globals_.kept) {
      session_.console.info(
          text(kind == Kind::role ? "cli_postgres.kept_role" : "cli_postgres.kept_tablespace",
               {{"name", name}}));
    }
    for (const auto& [kind, name] : globals_.made) {
      session_.console.info(text(
          kind == Kind::role ? "cli_postgres.will_make_role" : "cli_postgres.will_make_tablespace",
          {{"name", name}}));
    }
  }

  // How many tables differ. One database that fails does not keep the others from coming back.
  std::size_t restore_all() {
    std::size_t different = 0;
    for (const postgres::RestoreStep& step : steps_) {
      const bool is_there = step.how == postgres::RestoreStep::How::skip ||
                            attempt(step, failed_, [&] { restore(step); });
      if (is_there && options_.verify)
        attempt(step, unverified_, [&] { different += verify(step); });
    }
    return different;
  }

  // Whether it succeeded; else the database is added to `failed`.
  bool attempt(const postgres::RestoreStep& step,
               std::vector<std::string>& failed,
               const std::function<void()>& action) {
    try {
      action();
      return true;
    } catch (const Error& error) {
      if (steps_.size() == 1) throw;
      session_.console.error(error);
      failed.push_back(step.facts.name);
      return false;
    }
  }

  void say_failures() const {
    if (!unverified_.empty())
      session_.console.error(failure("cli_postgres.not_verified", unverified_));
    if (failed_.empty()) return;
    session_.console.error(failure("cli_postgres.not_restored", failed_)
                               .with_hint(text("cli_postgres.not_restored_hint")));
  }

  Error failure(const char* key, const std::vector<std::string>& databases) const {
    std::string names;
    for (const std::string& name : databases) names += (names.empty() ? "" : ", ") + name;
    return {ErrorCode::io,
            text(key,
                 {{"count", std::to_string(databases.size())},
                  {"all", std::to_string(steps_.size())},
                  {"names", names}})};
  }

  std::string_view status_of(const postgres::RestoreStep& step) const {
    if (step.how == postgres::RestoreStep::How::skip) return "skipped";
    if (options_.dry_run) return "planned";
    const bool failed = std::find(failed_.begin(), failed_.end(), step.facts.name) != failed_.end();
    return failed ? "failed" : "restored";
  }

  static std::uint64_t rows_of(const postgres::RestoreStep& step) {
    std::uint64_t rows = 0;
    for (const postgres::TableRows& table : step.facts.tables) rows += table.rows;
    return rows;
  }

  // One object, as a physical restore prints it.
  void print_json(std::size_t different) const {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("message_type", "summary").key("dry_run").boolean(options_.dry_run);
    json.member("snapshot_id", choice_.from.record.id.hex()).key("databases").begin_array();
    for (const postgres::RestoreStep& step : steps_) {
      json.begin_object().member("database", step.facts.name).member("target", step.target);
      json.member("status", status_of(step));
      json.member("dump_bytes", step.facts.dump_bytes);
      json.member("tables", std::uint64_t{step.facts.tables.size()});
      json.member("rows", rows_of(step)).end_object();
    }
    json.end_array()
        .key("verified")
        .boolean(options_.verify && !options_.dry_run && failed_.empty() && unverified_.empty());
    json.member("tables_that_differ", std::uint64_t{different}).end_object();
    session_.console.print(out + "\n");
  }

  void restore(const postgres::RestoreStep& step) {
    const Fetched dump(*this, step.facts.file);
    postgres::apply_step(tools(), step, file(step.facts.file), maintenance_, session_.stop);
    if (!session_.options.json) {
      session_.console.say(text("cli_postgres.restored",
                                {{"database", step.facts.name},
                                 {"target", step.target},
                                 {"tables", std::to_string(step.facts.tables.size())},
                                 {"rows", std::to_string(rows_of(step))}}));
    }
  }

  // How many tables have other rows than the dump.
  std::size_t verify(const postgres::RestoreStep& step) {
    const auto differences = postgres::compare_rows(tools(), step, session_.stop);
    for (const postgres::RowDifference& difference : differences) {
      session_.console.write(
          LogLevel::error,
          text("cli_postgres.different",
               {{"table", difference.expected.schema + "." + difference.expected.table},
                {"expected", std::to_string(difference.expected.rows)},
                {"found", std::to_string(difference.found)}}));
    }
    if (differences.empty() && !session_.options.json)
      session_.console.say(text("cli_postgres.verified", {{"target", step.target}}));
    return differences.size();
  }

  const Session& session_;
  const PostgresRestoreOptions& options_;
  PostgresChoice choice_;
  postgres::Server server_;
  Index index_;
  PrivateFolder folder_;
  std::string maintenance_;
  postgres::ClusterFacts facts_;
  postgres::Programs programs_;
  std::vector<postgres::RestoreStep> steps_;
  postgres::GlobalsPlan globals_;
  std::vector<std::string> failed_;      // databases that did not come back
  std::vector<std::string> unverified_;  // that did, and whose rows could not be counted
};

}  // namespace

int restore_databases(const Session& session, const PostgresRestoreOptions& options) {
  return DatabaseRestore(session, options).run();
}

}  // namespace hikae::cli
