// SPDX-License-Identifier: Apache-2.0
// Physical backups of a real server into a real repository, restored by stock restic, verified by
// PostgreSQL's own programs and started.
#include "source/physical_backup.h"

#include <thread>

#include <gmock/gmock.h>

#include "concurrency/task_group.h"
#include "repository/snapshots.h"
#include "support/backup_kit.h"
#include "support/cheap_key.h"
#include "support/postgres_server.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kPassword = "physical";

// A source that is a physical backup and nothing else.
class PhysicalSource final : public Source {
 public:
  PhysicalSource(PhysicalBackupOptions options, StopToken stop)
      : options_(std::move(options)), stop_(std::move(stop)) {}
  std::unique_ptr<SourceDirectory> open_root() override {
    return make_physical_backup(options_, "", log_, clock_, stop_);
  }
  std::vector<std::string> paths() const override { return {"/postgres"}; }
  std::vector<std::string> excludes() const override { return {}; }

 private:
  PhysicalBackupOptions options_;
  StopToken stop_;
  NullLog log_;
  SystemClock clock_;
};

class PhysicalTest : public ::testing::Test {
 protected:
  PhysicalTest() : repository_(create_repository(dir_ / "repository", kPassword)) {
    make_key_cheap(*repository_, kPassword);
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
    kit_.repositories = {repository_.get()};
    kit_.plan.blobs.pack_size = std::uint64_t{4} << 20U;
  }

  // One for all tests; who stops it starts it again.
  static PostgresServer& shared_server() {
    static PostgresServer one({"peer", {"--data-checksums"}, {}, {}});
    return one;
  }

  PhysicalBackupOptions options() const {
    postgres::Server server;
    server.host = server_.socket_folder();
    server.port = server_.port();
    server.user = "postgres";
    if (geteuid() == 0) server.run_as = os::find_user_account("postgres");
    PhysicalBackupOptions options;
    options.server = std::make_shared<const postgres::Server>(std::move(server));
    return options;
  }
  BackupReport back_up(const StopToken& stop = {}) {
    PhysicalSource source(options(), stop);
    kit_.stop = stop;
    BackupReport report = kit_.run(source);
    kit_.plan.parent_tree = report.tree;
    return report;
  }
  std::size_t snapshots() const {
    NullLog log;
    return repository_->load_snapshots(log, StopToken()).size();
  }
  std::string restic(const std::string& arguments) const {
    os::ProcessRequest request;
    request.argv = {"sh",
                    "-c",
                    "RESTIC_PASSWORD=" + std::string(kPassword) + " restic -q --no-cache -r " +
                        (dir_ / "repository") + " " + arguments};
    const os::ProcessResult result = os::run_process(request);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.output;
  }
  // A folder that the server's user owns, with the newest snapshot.
  std::string restore(const std::string& name) const {
    const std::string target = dir_ / name;
    std::filesystem::create_directory(target);
    server_.own(target);
    restic("restore latest --target " + target);
    return target;
  }
  void pgbench_init(const std::string& more = "") const {
    server_.run({PostgresServer::programs() + "/pgbench",
                 "-h",
                 server_.socket_folder(),
                 "-p",
                 std::to_string(server_.port()),
                 "-q",
                 "-i",
                 "-s",
                 "4",
                 "-U",
                 "postgres",
                 "--no-vacuum",
                 more.empty() ? "-q" : more,
                 "postgres"});
  }
  // What must hold of any state that pgbench leaves.
  static constexpr const char* kInvariant =
      "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = s AND (SELECT sum(bbalance) FROM "
      "pgbench_branches) = s AND (SELECT sum(tbalance) FROM pgbench_tellers) = s FROM (SELECT "
      "coalesce(sum(delta), 0) AS s FROM pgbench_history) h";

  // Runs the statement on the restored cluster, which listens on a socket beside it.
  std::string start_and_ask(const std::string& data, const std::string& statement) const {
    const std::string socket = std::filesystem::path(data).parent_path().string();
    const std::string settings =
        "-c listen_addresses= -c unix_socket_directories=" + socket + " -c port=5433 -c fsync=off";
    const std::string control = PostgresServer::programs() + "/pg_ctl";
    server_.run({control, "-D", data, "-l", data + "/log", "-w", "-s", "-o", settings, "start"});
    const std::string answer = server_.run({PostgresServer::programs() + "/psql",
                                            "-XAtq",
                                            "-h",
                                            socket,
                                            "-p",
                                            "5433",
                                            "-d",
                                            "postgres",
                                            "-c",
                                            statement});
    server_.run({control, "-D", data, "-m", "fast", "-w", "-s", "stop"});
    return answer;
  }

  TempDir dir_;
  std::unique_ptr<Repository> repository_;
  PostgresServer& server_ = shared_server();
  BackupKit kit_;
};

TEST_F(PhysicalTest, IsRestoredByStockResticAndStartsWhilePgbenchWrote) {
  pgbench_init();
  TaskGroup tasks{StopToken()};
  tasks.spawn("pgbench", [&](const StopToken&) {
    server_.run_client({"pgbench", "-n", "-c", "2", "-t", "300", "-U", "postgres", "postgres"});
  });
  const BackupReport report = back_up();
  tasks.join();

  EXPECT_THAT(report.item_errors, IsEmpty());
  restic("check --read-data");
  const std::string copy = restore("copy");
  EXPECT_THAT(server_.run({PostgresServer::programs() + "/pg_verifybackup", copy + "/data"}),
              HasSubstr("successfully verified"));
  EXPECT_EQ(start_and_ask(copy + "/data", kInvariant), "t");
  const std::string facts = read_file(copy + "/facts.json");
  for (const char* key : {"\"system_identifier\":\"7",
                          "\"start_lsn\":\"0/",
                          "\"end_lsn\":\"0/",
                          "\"timeline\":1",
                          "\"page_checksums\":true",
                          "\"damaged_pages\":0"})
    EXPECT_THAT(facts, HasSubstr(key));
}

TEST_F(PhysicalTest, BringsTablespacesWithIt) {
  const std::string place = server_.own_folder() + "/fast disk";
  std::filesystem::create_directory(place);
  server_.own(place);
  server_.sql("CREATE TABLESPACE fast LOCATION '" + place + "'");
  server_.sql("CREATE TABLE kept TABLESPACE fast AS SELECT generate_series(1, 5000) AS i");

  back_up();

  const std::string copy = restore("copy");
  const std::string oid = server_.sql("SELECT oid FROM pg_tablespace WHERE spcname = 'fast'");
  EXPECT_EQ(std::filesystem::read_symlink(copy + "/data/pg_tblspc/" + oid).string(),
            "../../tablespaces/" + oid);
  EXPECT_THAT(server_.run({PostgresServer::programs() + "/pg_verifybackup", copy + "/data"}),
              HasSubstr("successfully verified"));
  // The original's place is not needed: what is read is the copy's.
  server_.sql("DROP TABLE kept");
  EXPECT_EQ(start_and_ask(copy + "/data", "SELECT sum(i) FROM kept"), "12502500");
  EXPECT_THAT(read_file(copy + "/facts.json"), HasSubstr("fast disk"));
}

TEST_F(PhysicalTest, StoresLittleTheSecondTime) {
  pgbench_init();
  const BackupReport first = back_up();
  server_.sql("UPDATE pgbench_accounts SET abalance = abalance WHERE aid = 17");
  const BackupReport second = back_up();

  EXPECT_GT(second.summary.files_unmodified, 500U);
  // Mostly WAL and the catalogue's statistics.
  EXPECT_LT(second.summary.data_added_packed, first.summary.data_added_packed / 4);
}

TEST_F(PhysicalTest, NamesDamagedPagesAndStoresThemAllTheSame) {
  server_.sql("CREATE TABLE t AS SELECT generate_series(1, 20000) AS i; CHECKPOINT");
  const std::string path = server_.sql("SELECT pg_relation_filepath('t')");
  {
    std::fstream file(server_.data() + "/" + path, std::ios::in | std::ios::out);
    file.seekp(7 * 8192 + 5000);
    file.put('!');
    file.seekp(9 * 8192 + 100);
    file.put('!');
  }

  const BackupReport report = back_up();

  server_.sql("DROP TABLE t");
  ASSERT_EQ(report.item_errors.size(), 2U);
  EXPECT_EQ(report.item_errors[0].kind, ItemError::Kind::damaged);
  EXPECT_EQ(report.item_errors[0].path, "/data/" + path);
  EXPECT_THAT(render(report.item_errors[0].message, Language::en),
              HasSubstr("Page 7 is damaged on the server's disk"));
  EXPECT_THAT(render(report.item_errors[1].message, Language::en), HasSubstr("Page 9 is"));
  EXPECT_EQ(snapshots(), 1U);
}

TEST_F(PhysicalTest, SealsNothingWhenTheServerIsKilled) {
  pgbench_init();
  TaskGroup tasks{StopToken()};
  tasks.spawn("killer", [&](const StopToken& stop) {
    // Once the server sends, it dies as by a crash.
    while (kit_.progress.bytes_done < 1 << 20 && !stop.stop_requested()) std::this_thread::yield();
    server_.stop("immediate");
  });
  EXPECT_THROW(back_up(), Error);
  tasks.join();
  server_.start();
  EXPECT_EQ(snapshots(), 0U);
  EXPECT_THAT(restic("snapshots --json"), HasSubstr("[]"));
}

TEST_F(PhysicalTest, SealsNothingWhenItIsStopped) {
  pgbench_init();
  std::stop_source stop;
  TaskGroup tasks{StopToken()};
  tasks.spawn("stopper", [&](const StopToken& group) {
    while (kit_.progress.bytes_done < 1 << 20 && !group.stop_requested()) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_THROW(back_up(stop.get_token()), Cancelled);
  tasks.join();
  EXPECT_EQ(snapshots(), 0U);
}

TEST_F(PhysicalTest, WorksWithARoleThatMayOnlyReplicate) {
  server_.sql("CREATE ROLE keeper LOGIN REPLICATION PASSWORD 'only replication'");
  server_.sql("CREATE TABLE seen AS SELECT 1 AS i");
  write_file(server_.data() + "/pg_hba.conf",
             "local replication keeper scram-sha-256\nlocal all postgres peer\n");
  server_.sql("SELECT pg_reload_conf()");
  postgres::Server server;
  server.host = server_.socket_folder();
  server.port = server_.port();
  server.user = "keeper";
  server.password = std::make_shared<const Secret>("only replication");
  PhysicalBackupOptions options;
  options.server = std::make_shared<const postgres::Server>(std::move(server));
  PhysicalSource source(options, StopToken());

  EXPECT_THAT(kit_.run(source).item_errors, IsEmpty());

  EXPECT_EQ(start_and_ask(restore("copy") + "/data", "SELECT i FROM seen"), "1");
}

TEST_F(PhysicalTest, TellsWhyItCannotConnect) {
  server_.stop("fast");
  EXPECT_THROW(back_up(), Error);
  server_.start();
  EXPECT_EQ(snapshots(), 0U);
}

}  // namespace
}  // namespace hikae::testing
