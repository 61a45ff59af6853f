// SPDX-License-Identifier: Apache-2.0
// Backups from a standby while its primary is replaced, or while it becomes one itself.
#include <chrono>
#include <thread>

#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::HasSubstr;

// Follows the server whose socket is in `upstream`.
class Standby {
 public:
  Standby(const PostgresServer& tools, const std::string& upstream, const std::string& name)
      : tools_(tools), folder_(tools.own_folder() + "/" + name) {
    std::filesystem::create_directory(folder_);
    tools_.own(folder_);
    run("pg_basebackup", {"-h", upstream, "-p", port(), "-R", "-c", "fast", "-D", data()});
    tools_.run({"sed",
                "-i",
                "$ a unix_socket_directories = '" + folder_ + "'",
                data() + "/postgresql.conf"});
    run("pg_ctl", {"-D", data(), "-l", folder_ + "/log", "-w", "-s", "start"});
  }
  ~Standby() {
    try {
      run("pg_ctl", {"-D", data(), "-m", "immediate", "-w", "-s", "stop"});
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it has ended already
    }
    std::filesystem::remove_all(folder_);
  }
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  const std::string& socket() const { return folder_; }
  void promote() const { run("pg_ctl", {"-D", data(), "-w", "-s", "promote"}); }
  std::string sql(const std::string& statement) const {
    return run("psql", {"-XAtq", "-h", folder_, "-p", port(), "-d", "postgres", "-c", statement});
  }
  void wait_until(const std::string& statement) const {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (sql(statement) != "t" && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_EQ(sql(statement), "t") << statement;
  }

 private:
  std::string data() const { return folder_ + "/data"; }
  std::string port() const { return std::to_string(tools_.port()); }
  std::string run(const std::string& program, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), PostgresServer::programs() + "/" + program);
    return tools_.run(std::move(arguments));
  }

  const PostgresServer& tools_;
  std::string folder_;
};

class NoErrors final : public ItemErrorSink {
 public:
  void report(ItemError error) override { ADD_FAILURE() << error.path; }
};

class StandbyTest : public PhysicalTest {
 protected:
  std::unique_ptr<SourceDirectory> backup_of(const Standby& standby) {
    postgres::Server server = *options().server;
    server.host = standby.socket();
    PhysicalBackupOptions from = options();
    from.server = std::make_shared<const postgres::Server>(server);
    return make_physical_backup(from, "", log_, clock_, StopToken());
  }
  // The last file's content.
  static std::string read_all(SourceStream& stream) {
    std::string content;
    Bytes buffer(1 << 20);
    while (auto item = stream.next()) {
      if (!item->content) continue;
      content.clear();
      while (const std::size_t size = item->content->read(buffer))
        content += as_text(ByteView(buffer).first(size));
    }
    return content;
  }

  NullLog log_;
  SystemClock clock_;
  NoErrors errors_;
};

TEST_F(StandbyTest, ThatFollowsANewPrimaryInTheMiddleIsBackedUpWhole) {
  const Standby next(server_, server_.socket_folder(), "next");
  const Standby last(server_, next.socket(), "last");
  const auto backup = backup_of(last);
  const auto stream = backup->open_stream(errors_);
  // Most of it is still to come: a pipe between two programs holds little.
  next.promote();
  next.sql("CREATE TABLE since AS SELECT generate_series(1, 1000) AS i; CHECKPOINT");
  last.wait_until("SELECT to_regclass('since') IS NOT NULL");
  last.sql("CHECKPOINT");
  last.wait_until("SELECT min_recovery_end_timeline = 2 FROM pg_control_recovery()");

  const std::string facts = read_all(*stream);

  EXPECT_THAT(facts, HasSubstr("\"timeline\":1"));
  EXPECT_THAT(facts, HasSubstr("\"end_timeline\":2"));
  EXPECT_THAT(facts, HasSubstr("\"standby\":true"));
}

TEST_F(StandbyTest, ThatIsPromotedInTheMiddleIsNotBackedUp) {
  const Standby standby(server_, server_.socket_folder(), "standby");
  const auto backup = backup_of(standby);
  const auto stream = backup->open_stream(errors_);
  standby.promote();
  try {
    read_all(*stream);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(render(error, Language::en), HasSubstr("standby was promoted"));
  }
}

// Its role is read-only, as a careful administrator makes it: it is no standby for that.
TEST_F(StandbyTest, IsNotSaidOfAPrimary) {
  server_.sql("ALTER ROLE postgres SET default_transaction_read_only = on");
  const auto backup = make_physical_backup(options(), "", log_, clock_, StopToken());
  const std::string facts = read_all(*backup->open_stream(errors_));
  server_.sql("BEGIN READ WRITE; ALTER ROLE postgres RESET default_transaction_read_only; COMMIT");
  EXPECT_THAT(facts, HasSubstr("\"standby\":false"));
}

// Segments of 1 MB: a backup's WAL is in several of them, and their numbers run on differently.
TEST(WalSegments, MayHaveAnotherSize) {
  PostgresServer server({"peer", {"--wal-segsize=1"}, {}, {}});
  server.sql("CREATE TABLE t AS SELECT generate_series(1, 50000) AS i");
  postgres::Server address;
  locate_server(address, server.data());
  address.user = "postgres";
  if (geteuid() == 0) address.run_as = os::find_user_account("postgres");
  PhysicalBackupOptions options;
  options.server = std::make_shared<const postgres::Server>(address);
  NullLog log;
  const SystemClock clock;
  NoErrors errors;
  const auto backup = make_physical_backup(options, "", log, clock, StopToken());
  const auto stream = backup->open_stream(errors);
  // The backup ends several segments behind where it began.
  server.sql("INSERT INTO t SELECT generate_series(1, 50000)");
  Bytes buffer(1 << 20);
  std::size_t segments = 0;
  while (auto item = stream->next()) {
    if (item->folder == "data/pg_wal" && item->entry && item->entry->node.size == 1 << 20)
      ++segments;
    while (item->content && item->content->read(buffer) > 0) {
    }
  }
  EXPECT_GT(segments, 3U);
}

}  // namespace
}  // namespace hikae::testing
