// SPDX-License-Identifier: Apache-2.0
// The streams of /postgres/logical.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <climits>

#include "os/wake.h"
#include "postgres/connection.h"
#include "postgres/restore.h"
#include "source/blocked_sessions.h"
#include "source/postgres_run.h"

namespace hikae {
namespace {

using SteadyClock = std::chrono::steady_clock;

// What a program writes, to its end. It fails unless the program ended with 0.
class ProgramOutput {
 public:
  ProgramOutput(const postgres::Server& server,
                std::vector<std::string> argv,
                std::chrono::milliseconds time_limit,
                StopToken stop)
      : launch_(server, std::move(argv)),
        child_(launch_.child()),
        stop_(std::move(stop)),
        stopped_(stop_) {
    child_.close_input();
    if (time_limit.count() > 0) deadline_ = SteadyClock::now() + time_limit;
  }

  // A program that is killed cannot ask the server to end what it is at: its session would go on
  // waiting for a lock, and keep those that it holds.
  ~ProgramOutput() {
    constexpr std::chrono::seconds kPatience{2};
    if (waited_) return;
    kill(child_.pid(), SIGTERM);
    child_.wait(kPatience);
  }
  ProgramOutput(const ProgramOutput&) = delete;
  ProgramOutput& operator=(const ProgramOutput&) = delete;

  // 0 at the end of the output. Throws Error{timeout}, Cancelled.
  std::size_t read(MutableByteView out) {
    while (true) {
      check_time();
      const std::optional<std::size_t> size = child_.read_output(out);
      if (!size) return 0;
      if (*size > 0) return *size;
      // A program that finds no room for its errors writes nothing either, so this comes in time.
      drain_errors();
      wait();
      gather();
    }
  }

  // Waits for the program's end. The exit code; 128 + number for a signal.
  int finish() {
    while (child_.errors_fd() >= 0) {
      drain_errors();
      if (child_.errors_fd() >= 0) wait();
    }
    constexpr std::chrono::seconds kPatience{60};
    waited_ = true;
    return child_.wait(kPatience);
  }

  const std::string& errors() const { return errors_; }

 private:
  void drain_errors() {
    constexpr std::size_t kMost = std::size_t{256} << 10U;
    std::array<std::uint8_t, 4096> buffer;  // NOLINT(*-member-init): filled by read
    while (const auto size = child_.read_errors(buffer)) {
      if (*size == 0) return;
      if (errors_.size() < kMost) errors_.append(as_text({buffer.data(), *size}));
    }
  }

  // Also of one who always has something to give, to a reader who is slow.
  void check_time() const {
    if (deadline_ && SteadyClock::now() >= *deadline_)
      throw Error(ErrorCode::timeout, text("source.postgres_too_long"));
  }

  // pg_dump writes 4 KiB at a time, and to be woken for each costs both sides more than the bytes.
  // So those of a moment come together; the pipe has room for several moments.
  void gather() {
    constexpr int kMoment = 1;  // ms
    pollfd stopped{stopped_.get(), POLLIN, 0};
    poll(&stopped, 1, kMoment);
  }

  void wait() {
    std::array<pollfd, 3> polled{{{child_.output_fd(), POLLIN, 0},
                                  {child_.errors_fd(), POLLIN, 0},
                                  {stopped_.get(), POLLIN, 0}}};
    check_time();
    int milliseconds = -1;
    if (deadline_) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - SteadyClock::now());
      milliseconds = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
    }
    if (poll(polled.data(), polled.size(), milliseconds) < 0 && errno != EINTR)
      throw system_error(errno, text("os.read_failed"));
    throw_if_stopped(stop_);
  }

  postgres::ClientLaunch launch_;
  os::ChildProcess child_;
  StopToken stop_;
  os::StopFd stopped_;
  std::optional<SteadyClock::time_point> deadline_;
  std::string errors_;
  bool waited_ = false;
};

Error program_failed(const std::string& program, int exit_code, const std::string& errors) {
  return postgres::explain_program(errors,
                                   text("source.postgres_program_failed",
                                        {{"program", program},
                                         {"code", std::to_string(exit_code)},
                                         {"words", postgres::program_words(errors)}}));
}

// A part that goes without having come whole takes the others with it.
class Unfinished {
 public:
  explicit Unfinished(PostgresRun& run) : run_(&run) {}
  ~Unfinished() {
    if (run_ != nullptr) run_->give_up();
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  Unfinished(Unfinished&& other) noexcept : run_(std::exchange(other.run_, nullptr)) {}
  Unfinished& operator=(Unfinished&&) = delete;
  void finish() { run_ = nullptr; }

 private:
  PostgresRun* run_;
};

// A dump as it passes.
class DumpFile : public SourceFile {
 public:
  DumpFile(PostgresRun& run,
           Unfinished unfinished,
           Text context,
           std::unique_ptr<postgres::DumpWatcher> watcher,
           std::vector<std::string> argv)
      : run_(run),
        unfinished_(std::move(unfinished)),
        context_(std::move(context)),
        watcher_(std::move(watcher)),
        program_(argv.front().substr(argv.front().rfind('/') + 1)),
        output_(run.options.server, std::move(argv), run.options.time_limit, run.stop()),
        node_(run.make_node("", format::NodeType::file, 0)) {}

  std::size_t read(MutableByteView out) override {
    try {
      const std::size_t size = output_.read(out);
      if (size > 0) {
        watcher_->feed(out.first(size));
        bytes_ += size;
        began();
        return size;
      }
      if (!std::exchange(ended_, true)) check_end();
      return 0;
    } catch (Error& error) {
      error.add_context(context_);
      throw;
    }
  }

  format::Node stat() override { return node_; }

 protected:
  // The program failed: throws when we know better why than it does.
  virtual void explain_failure() {}
  // The first bytes came: the program has its own transaction.
  virtual void began() {}
  // It came whole.
  virtual void came(const postgres::DumpWatcher& watcher,
                    std::uint64_t bytes,
                    const std::vector<std::string>& warnings) = 0;
  PostgresRun& run() { return run_; }

 private:
  void check_end() {
    const int exit_code = output_.finish();
    if (exit_code != 0) {
      explain_failure();
      throw program_failed(program_, exit_code, output_.errors());
    }
    if (const std::optional<Text> problem = watcher_->finish())
      throw Error(ErrorCode::corrupt, *problem, Retry::after_backoff);
    const std::vector<std::string> warnings = postgres::program_warnings(output_.errors());
    for (const std::string& warning : warnings)
      run_.log.warning(text("source.postgres_program_warns", {{"words", warning}}));
    came(*watcher_, bytes_, warnings);
    unfinished_.finish();
  }

  PostgresRun& run_;
  Unfinished unfinished_;
  Text context_;
  std::unique_ptr<postgres::DumpWatcher> watcher_;
  std::string program_;
  ProgramOutput output_;
  format::Node node_;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
};

// The transaction whose state pg_dump takes over, so that the facts are those of the dump.
struct SharedSnapshot {
  SharedSnapshot(PostgresRun& run, const std::string& database)
      : connection(
            run.options.server, database, postgres::ConnectionKind::ordinary, run.log, run.stop()) {
    connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", run.stop());
    // It waits idle until pg_dump has it.
    connection.query("SET LOCAL idle_in_transaction_session_timeout = 0", run.stop());
    name = connection.query("SELECT pg_catalog.pg_export_snapshot()", run.stop()).text(0, 0);
    facts = postgres::load_database_facts(connection, run.stop());
  }
  // pg_dump has it.
  void end(const StopToken& stop) {
    connection.query("COMMIT", stop);
    constexpr int kFirstWithIdleTimeout = 14;
    if (connection.server_major() >= kFirstWithIdleTimeout)
      connection.query("SET idle_session_timeout = 0", stop);
  }
  postgres::Connection connection;
  std::string name;
  postgres::DatabaseFacts facts;
};

std::vector<std::string> dump_command(const PostgresRun& run,
                                      const std::string& database,
                                      const std::string& snapshot) {
  const bool custom = run.options.format == postgres::DumpFormat::custom;
  std::vector<std::string> argv = {
      run.programs.path("pg_dump"),
      "--no-password",
      custom ? "--format=custom" : "--format=plain",
      "--snapshot=" + snapshot,
      "--dbname=" + postgres::database_argument(run.options.server, database)};
  // Compressed bytes would all be new each day.
  if (custom) argv.emplace_back("--compress=0");
  const auto lock_timeout = run.options.server.lock_timeout;
  if (lock_timeout.count() > 0)
    argv.push_back("--lock-wait-timeout=" + std::to_string(lock_timeout.count()));
  return argv;
}

// What plain SQL does not hold: the settings, the rights and the comment of the database itself.
std::string load_properties(const PostgresRun& run,
                            const std::string& database,
                            const std::string& snapshot) {
  if (run.options.format != postgres::DumpFormat::plain) return "";
  std::vector<std::string> argv = dump_command(run, database, snapshot);
  for (const char* more : {"--create", "--schema-only", "--section=pre-data", "--encoding=UTF8"})
    argv.emplace_back(more);
  const postgres::ClientLaunch launch(run.options.server, std::move(argv));
  os::ProcessRequest request = launch.process();
  request.output_limit = std::size_t{256} << 20U;
  const os::ProcessResult result = os::run_process(request, run.stop());
  if (result.exit_code != 0) throw program_failed("pg_dump", result.exit_code, result.errors);
  return postgres::database_properties(result.output, database, database);
}

class DatabaseDump final : public DumpFile {
 public:
  DatabaseDump(PostgresRun& run,
               Unfinished unfinished,
               const std::string& database,
               std::unique_ptr<SharedSnapshot> snapshot)
      : DumpFile(run,
                 std::move(unfinished),
                 text("source.postgres_dumping", {{"database", database}}),
                 postgres::watch_dump(run.options.format),
                 dump_command(run, database, snapshot->name)),
        snapshot_(std::move(snapshot)),
        facts_(std::move(snapshot_->facts)),
        blocked_(snapshot_->connection, run.options.blocking_limit, run.log, run.stop()) {
    facts_.file = postgres::dump_file_name(database, run.options.format);
  }

 private:
  // The session goes on to look after those whom the dump keeps waiting.
  void began() override {
    if (!std::exchange(began_, true)) blocked_.use([this] { snapshot_->end(run().stop()); });
  }
  void explain_failure() override { blocked_.check(); }
  void came(const postgres::DumpWatcher& watcher,
            std::uint64_t bytes,
            const std::vector<std::string>& warnings) override {
    facts_.dump_bytes = bytes;
    facts_.tables = watcher.rows();
    facts_.warnings = warnings;
    run().add(std::move(facts_));
  }

  std::unique_ptr<SharedSnapshot> snapshot_;
  postgres::DatabaseFacts facts_;
  BlockedWatch blocked_;
  bool began_ = false;
};

class GlobalsDump final : public DumpFile {
 public:
  explicit GlobalsDump(PostgresRun& run)
      : DumpFile(run,
                 Unfinished(run),
                 text("source.postgres_dumping_globals"),
                 postgres::watch_globals(),
                 command(run)) {}

 private:
  static std::vector<std::string> command(const PostgresRun& run) {
    std::vector<std::string> argv = {run.programs.path("pg_dumpall"),
                                     "--globals-only",
                                     "--no-password",
                                     "--database=" + run.maintenance_database};
    // Its --lock-wait-timeout is for the pg_dump that it would start, not for itself. It has no
    // transaction: none of its locks outlives the statement that took it.
    const postgres::Server& server = run.options.server;
    argv.push_back(
        "--dbname=options='-c lock_timeout=" + std::to_string(server.lock_timeout.count()) +
        " -c statement_timeout=" + std::to_string(server.statement_timeout.count()) + " " +
        std::string(postgres::language_option(server)) + "'" + postgres::liveness_argument(server));
    return argv;
  }
  void came(const postgres::DumpWatcher&, std::uint64_t, const std::vector<std::string>&) override {
  }
};

// What the dumps told; they are begun before it.
class FactsFile final : public SourceFile {
 public:
  explicit FactsFile(PostgresRun& run)
      : run_(run), node_(run.make_node("", format::NodeType::file, 0)) {}

  std::size_t read(MutableByteView out) override {
    if (!content_) content_ = postgres::encode_facts(run_.wait_for_facts()) + "\n";
    const std::size_t size = std::min(out.size(), content_->size() - at_);
    std::copy_n(content_->data() + at_, size, out.data());
    at_ += size;
    return size;
  }
  format::Node stat() override { return node_; }

 private:
  PostgresRun& run_;
  format::Node node_;
  std::optional<std::string> content_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<SourceFile> open_database_dump(PostgresRun& run, const std::string& database) {
  Unfinished unfinished(run);
  try {
    auto snapshot = std::make_unique<SharedSnapshot>(run, database);
    snapshot->facts.properties = load_properties(run, database, snapshot->name);
    return std::make_unique<DatabaseDump>(
        run, std::move(unfinished), database, std::move(snapshot));
  } catch (Error& error) {
    error.add_context(text("source.postgres_dumping", {{"database", database}}));
    throw;
  }
}

std::unique_ptr<SourceFile> open_globals_dump(PostgresRun& run) {
  return std::make_unique<GlobalsDump>(run);
}

std::unique_ptr<SourceFile> open_facts_file(PostgresRun& run) {
  return std::make_unique<FactsFile>(run);
}

}  // namespace hikae
