// SPDX-License-Identifier: Apache-2.0
// Physical backups of a real server, restored by stock restic, verified by PostgreSQL's own
// programs and started.
#include <thread>

#include "concurrency/task_group.h"
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  server_.sql("DROP TABLESPACE fast");
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
             "local replication keeper scram-sha-256\nlocal replication postgres peer\n"
             "local all postgres peer\n");
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
