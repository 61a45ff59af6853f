// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "repository/snapshots.h"
#include "source/physical_backup.h"
#include "support/backup_kit.h"
#include "support/cheap_key.h"
#include "support/postgres_server.h"

namespace hikae::testing {

inline constexpr const char* kPassword = "physical";

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

// Physical backups of a real server into a real repository.
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

}  // namespace hikae::testing
