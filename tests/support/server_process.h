// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hikae::testing {

// A server that a test needs: started by its argument list, in a process group of its own, which is
// killed when the object goes, and by the kernel when the test program dies first.
class ServerProcess {
 public:
  // `variables` are added to the environment. Standard output is a pipe, see read_line(); errors go
  // to `log` where one is named.
  explicit ServerProcess(std::vector<std::string> argv,
                         const std::string& log = "/dev/null",
                         const std::map<std::string, std::string>& variables = {}) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    std::vector<char*> arguments;
    for (std::string& argument : argv) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    name_ = argv.front();
    pid_ = fork();
    if (pid_ == 0) {
      setpgid(0, 0);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(ends[1], STDOUT_FILENO);
      const int errors = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      if (errors >= 0) dup2(errors, STDERR_FILENO);
      const int nothing = open("/dev/null", O_RDONLY);
      if (nothing >= 0) dup2(nothing, STDIN_FILENO);
      // NOLINTNEXTLINE(concurrency-mt-unsafe): the child has one thread
      for (const auto& [key, value] : variables) setenv(key.c_str(), value.c_str(), 1);
      execvp(arguments.front(), arguments.data());
      _exit(127);
    }
    close(ends[1]);
    out_ = ends[0];
    if (pid_ < 0) throw std::runtime_error("fork failed");
    setpgid(pid_, pid_);
  }
  ~ServerProcess() {
    kill_now();
    close(out_);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // The next line that the server prints; throws when none comes within 30 seconds.
  std::string read_line() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::string line;
    while (std::chrono::steady_clock::now() < deadline) {
      pollfd waiting{out_, POLLIN, 0};
      if (poll(&waiting, 1, 500) <= 0) continue;
      char c = 0;
      if (read(out_, &c, 1) != 1) break;
      if (c == '\n') return line;
      line += c;
    }
    throw std::runtime_error(name_ + " did not start; it said: " + line);
  }

  // Waits for the end of a program that is no server; its exit code.
  int wait() {
    int status = 0;
    if (pid_ > 0) waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void signal(int number) const { ::kill(-pid_, number); }
  void kill_now() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    wait();
  }
  bool is_running() const { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
  std::string name_;
};

// Runs a program to its end; throws unless it succeeds.
inline void run_program(std::vector<std::string> argv) {
  std::string shown;
  for (const std::string& argument : argv) shown += argument + " ";
  ServerProcess program(std::move(argv));
  if (program.wait() != 0) throw std::runtime_error("failed: " + shown);
}

}  // namespace hikae::testing
