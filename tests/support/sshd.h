// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "os/child_process.h"
#include "os/process.h"
#include "support/free_port.h"
#include "support/temp_dir.h"

namespace hikae::testing {

// A folder below /srv, whose parents belong to root and nobody else may write: sshd takes no other
// for a chroot. In memory where a file system can be mounted. Removed with all it holds.
class RootOwnedDir {
 public:
  RootOwnedDir() {
    std::string pattern = "/srv/hikae-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp below /srv failed");
    path_ = pattern;
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "mode=755") == 0;
  }
  ~RootOwnedDir() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  RootOwnedDir(const RootOwnedDir&) = delete;
  RootOwnedDir& operator=(const RootOwnedDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

inline std::string run_or_throw(const std::vector<std::string>& argv) {
  os::ProcessRequest request;
  request.argv = argv;
  const os::ProcessResult result = os::run_process(request);
  if (result.exit_code != 0) throw std::runtime_error(argv[0] + " failed: " + result.errors);
  return result.output;
}

struct SshdSettings {
  std::string subsystem = "internal-sftp";  // the line after "Subsystem sftp"; empty: none
  std::vector<std::string> lines;           // more of sshd_config
  std::string user = "root";                // who logs in
};

// The real sshd on a port of its own, with its own host key, a key that lets `user` in, and an
// ssh_config in which the server is called "nas". Ends with the object.
class Sshd {
 public:
  using Settings = SshdSettings;

  explicit Sshd(Settings settings = {}) : settings_(std::move(settings)) {
    std::filesystem::create_directories("/run/sshd");
    // sshd reads the keys that it lets in as the user who logs in.
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0711));
    make_key("host_key");
    make_key("user_key");
    std::filesystem::copy(dir_ / "user_key.pub", dir_ / "authorized_keys");
    start();
    trust(dir_ / "host_key.pub");
    write_ssh_config();
  }
  ~Sshd() { stop(); }
  Sshd(const Sshd&) = delete;
  Sshd& operator=(const Sshd&) = delete;

  std::uint16_t port() const { return port_; }
  std::string config_file() const { return dir_ / "ssh_config"; }
  std::string known_hosts() const { return dir_ / "known_hosts"; }
  std::string folder() const { return dir_.path().string(); }
  // What "Host nas" says, for tests that change it.
  std::vector<std::string> client_lines;
  std::string identity_agent = "none";
  void write_ssh_config() const {
    std::string config = "Host nas\n  HostName 127.0.0.1\n  Port " + std::to_string(port_) +
                         "\n  User " + settings_.user + "\n  IdentityFile " + (dir_ / "user_key") +
                         "\n  IdentitiesOnly yes\n  IdentityAgent " + identity_agent +
                         "\n  UserKnownHostsFile " + known_hosts() +
                         "\n  GlobalKnownHostsFile /dev/null\n";
    for (const std::string& line : client_lines) config += "  " + line + "\n";
    write_file(config_file(), config);
  }

  std::string make_key(const std::string& name) const {
    run_or_throw({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", dir_ / name});
    return dir_ / name;
  }
  static std::string fingerprint(const std::string& key_file) {
    const std::string line = run_or_throw({"ssh-keygen", "-l", "-f", key_file});
    const std::size_t start = line.find(' ') + 1;
    return line.substr(start, line.find(' ', start) - start);
  }
  // The host key that the client believes in.
  void trust(const std::string& public_key) const {
    write_file(known_hosts(), "[127.0.0.1]:" + std::to_string(port_) + " " + read_file(public_key));
  }

  // Starts it on the port that it has, once it has one.
  void start() {
    for (int attempt = 0; attempt < 20; ++attempt) {
      if (port_ == 0 || attempt > 0) port_ = port_fixed_ ? port_ : free_port();
      write_config();
      os::ChildProcess::Request request;
      request.argv = {"/usr/sbin/sshd", "-D", "-f", dir_ / "sshd_config", "-E", dir_ / "log"};
      daemon_ = std::make_unique<os::ChildProcess>(request);
      if (listens()) {
        port_fixed_ = true;
        return;
      }
      daemon_.reset();
    }
    throw std::runtime_error("sshd does not start: " + read_file(dir_ / "log"));
  }
  // Ends it and all its connections.
  void stop() {
    for (const pid_t pid : connection_processes()) kill(pid, SIGKILL);
    daemon_.reset();
  }
  // Of the connections: what sends and receives for them, and what serves SFTP.
  std::vector<pid_t> connection_processes() const {
    std::vector<pid_t> found;
    if (!daemon_) return found;
    collect_children(daemon_->pid(), found);
    return found;
  }
  void signal_connections(int number) const {
    for (const pid_t pid : connection_processes()) kill(pid, number);
  }
  // The process that listens. What it has begun for a client is not affected.
  void signal_daemon(int number) const { kill(daemon_->pid(), number); }
  std::string log() const { return read_file(dir_ / "log"); }

 private:
  void write_config() const {
    std::string config = "ListenAddress 127.0.0.1:" + std::to_string(port_) + "\nHostKey " +
                         (dir_ / "host_key") + "\nPidFile none\nUsePAM no\nStrictModes no\n" +
                         "PasswordAuthentication no\nKbdInteractiveAuthentication no\n" +
                         "PermitRootLogin prohibit-password\nMaxStartups 100\nLogLevel VERBOSE\n" +
                         "AuthorizedKeysFile " + (dir_ / "authorized_keys") + "\n";
    if (!settings_.subsystem.empty()) config += "Subsystem sftp " + settings_.subsystem + "\n";
    for (const std::string& line : settings_.lines) config += line + "\n";
    write_file(dir_ / "sshd_config", config);
  }

  bool listens() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!daemon_->has_ended() && std::chrono::steady_clock::now() < deadline) {
      const os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port_);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
        return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  static void collect_children(pid_t parent, std::vector<pid_t>& found) {
    const std::string folder = "/proc/" + std::to_string(parent) + "/task";
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(folder, gone)) {
      std::ifstream children(task.path() / "children");
      for (pid_t pid = 0; children >> pid;) {
        found.push_back(pid);
        collect_children(pid, found);
      }
    }
  }

  const Settings settings_;
  TempDir dir_;
  std::uint16_t port_ = 0;
  bool port_fixed_ = false;
  std::unique_ptr<os::ChildProcess> daemon_;
};

}  // namespace hikae::testing
