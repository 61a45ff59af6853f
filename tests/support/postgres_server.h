// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "os/process.h"
#include "support/server_process.h"
#include "support/temp_dir.h"

namespace hikae::testing {

struct PostgresSettings {
  std::string local_auth = "peer";  // of pg_hba.conf for the socket, as Debian installs it
  std::vector<std::string> initdb;  // more arguments of initdb ("--data-checksums")
  std::vector<std::string> lines;   // more of postgresql.conf
  std::vector<std::string> hba;     // lines before those of initdb
};

// A real PostgreSQL on a socket of its own folder, which the operating-system user `postgres` runs
// (this one, when the test is not root). Ends with the object. It never syncs: nothing here has to
// survive a power cut.
class PostgresServer {
 public:
  explicit PostgresServer(PostgresSettings settings = {}) : settings_(std::move(settings)) {
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
    std::filesystem::create_directory(dir_ / "own");
    own(dir_ / "own");
    init();
    start();
  }
  ~PostgresServer() { stop("immediate"); }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The newest version that Debian has installed.
  static std::string programs() {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql"))
      newest = std::max(newest, entry.path().string());
    return newest + "/bin";
  }

  std::string data() const { return dir_ / "own/data"; }
  std::string socket_folder() const { return dir_ / "own"; }
  int port() const { return kPort; }
  std::string folder() const { return dir_.path().string(); }
  // Writable by the server's user.
  std::string own_folder() const { return dir_ / "own"; }

  void start() {
    run({programs() + "/pg_ctl",
         "-D",
         data(),
         "-l",
         dir_ / "own/log",
         "-w",
         "-t",
         "60",
         "-s",
         "start"});
    running_ = true;
  }
  // mode: smart, fast, immediate (as a crash).
  void stop(const std::string& mode) {
    if (!std::exchange(running_, false)) return;
    try {
      run({programs() + "/pg_ctl", "-D", data(), "-m", mode, "-w", "-s", "stop"});
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it was killed by the test
    }
  }
  std::string log() const { return read_file(dir_ / "own/log"); }

  // What psql prints for the statements, values only.
  std::string sql(const std::string& statements, const std::string& database = "postgres") const {
    return run({programs() + "/psql",
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                socket_folder(),
                "-p",
                std::to_string(kPort),
                "-d",
                database,
                "-c",
                statements});
  }
  // Any of PostgreSQL's programs, with this server's socket and port in its environment; its
  // output.
  std::string run_client(std::vector<std::string> argv) const {
    argv[0] = programs() + "/" + argv[0];
    std::vector<std::string> whole = {
        "env", "PGHOST=" + socket_folder(), "PGPORT=" + std::to_string(kPort)};
    std::move(argv.begin(), argv.end(), std::back_inserter(whole));
    return run(std::move(whole));
  }
  // As the server's user, in "/".
  std::string run(std::vector<std::string> argv) const {
    std::vector<std::string> whole;
    if (geteuid() == 0)
      whole = {"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"};
    std::move(argv.begin(), argv.end(), std::back_inserter(whole));
    os::ProcessRequest request;
    request.argv = whole;
    request.environment =
        std::vector<std::string>{"PATH=" + programs() + ":/usr/bin:/bin", "LC_ALL=C.UTF-8"};
    request.working_directory = "/";
    request.output_limit = std::size_t{256} << 20U;
    const os::ProcessResult result = os::run_process(request);
    if (result.exit_code != 0) throw std::runtime_error(result.errors + log());
    std::string output = result.output;
    while (output.ends_with('\n')) output.pop_back();
    return output;
  }
  void own(const std::string& path) const {
    if (geteuid() == 0) run_program({"chown", "-R", "postgres:postgres", path});
  }

 private:
  static constexpr int kPort = 54321;

  void init() {
    std::vector<std::string> argv = {programs() + "/initdb",
                                     "-D",
                                     data(),
                                     "-N",
                                     "-U",
                                     "postgres",
                                     "-E",
                                     "UTF8",
                                     "--locale=C.UTF-8",
                                     "--auth-local=" + settings_.local_auth,
                                     "--auth-host=scram-sha-256"};
    argv.insert(argv.end(), settings_.initdb.begin(), settings_.initdb.end());
    run(argv);
    std::string config = read_file(dir_ / "own/data/postgresql.conf");
    config += "listen_addresses = ''\nport = " + std::to_string(kPort) +
              "\nunix_socket_directories = '" + socket_folder() +
              "'\nfsync = off\nlog_min_messages = warning\n";
    for (const std::string& line : settings_.lines) config += line + "\n";
    write_file(dir_ / "own/data/postgresql.conf", config);
    if (settings_.hba.empty()) return;
    std::string hba;
    for (const std::string& line : settings_.hba) hba += line + "\n";
    write_file(dir_ / "own/data/pg_hba.conf", hba + read_file(dir_ / "own/data/pg_hba.conf"));
  }

  const PostgresSettings settings_;
  TempDir dir_;
  bool running_ = false;
};

}  // namespace hikae::testing
