// SPDX-License-Identifier: Apache-2.0
#include "os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <climits>

#include "base/error.h"
#include "os/fd.h"
#include "os/files.h"
#include "os/signals.h"
#include "os/wake.h"

namespace hikae::os {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Pipe {
  Fd read;
  Fd write;
};

Pipe new_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw system_error(errno, text("os.open_failed", {{"path", "pipe"}}));
  return {Fd(ends[0]), Fd(ends[1])};
}

// A program that ends before it has read its input must not end us. SIGPIPE is held back in this
// thread only, since the signal's disposition belongs to the whole process.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec no_wait{};
    if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &no_wait);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

// The C arrays that posix_spawn wants, pointing into the strings.
std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

class SpawnSettings {
 public:
  SpawnSettings(const Pipe& in, const Pipe& out, const Pipe& err) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_adddup2(&actions_, in.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err.write.get(), STDERR_FILENO);
    // Descriptors that a library opened without O_CLOEXEC.
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes_, &set);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// A running program; killed with its group and waited for unless it has ended.
class Child {
 public:
  explicit Child(pid_t pid)
      : pid_(pid), ended_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  ~Child() {
    if (reaped_) return;
    kill(-pid_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Readable when the program has ended; -1 on kernels before 5.3.
  int ended_fd() const { return ended_.get(); }
  bool has_ended() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != 0;
  }
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return WIFSIGNALED(status) ? exit_code_of_signal(WTERMSIG(status)) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
  Fd ended_;
  bool reaped_ = false;
};

pid_t spawn(const ProcessRequest& request, const SpawnSettings& settings) {
  std::vector<std::string> arguments = request.argv;
  std::vector<std::string> variables = request.environment.value_or(std::vector<std::string>{});
  std::vector<char*> argv = pointers(arguments);
  std::vector<char*> own = pointers(variables);
  pid_t pid = 0;
  const int error_number = posix_spawnp(&pid,
                                        argv[0],
                                        settings.actions(),
                                        settings.attributes(),
                                        argv.data(),
                                        request.environment ? own.data() : environ);
  if (error_number != 0)
    throw system_error(error_number, text("os.start_failed", {{"program", request.argv[0]}}));
  return pid;
}

// Feeds and drains the three pipes until the program has ended.
class Conversation {
 public:
  Conversation(const ProcessRequest& request, Child& child, Fd in, Fd out, Fd err)
      : request_(request),
        child_(child),
        in_(std::move(in)),
        out_(std::move(out)),
        err_(std::move(err)),
        rest_(request.input) {
    for (const Fd* fd : {&in_, &out_, &err_}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
    if (request.timeout) deadline_ = SteadyClock::now() + *request.timeout;
  }

  ProcessResult run(const std::stop_token& stop) {
    const NoSigpipe guard;
    const StopFd stopped(stop);
    bool ended = false;
    while (!ended || out_ || err_) {
      feed();
      // A descendant in the background may keep the pipes open: what is there now is the output.
      ended = child_.has_ended();
      drain(out_, result_.output);
      drain(err_, result_.errors);
      if (ended) break;
      wait_for_news(stopped.get());
      if (stop.stop_requested()) throw Cancelled();
      if (deadline_ && SteadyClock::now() >= *deadline_)
        throw Error(ErrorCode::timeout,
                    text("os.program_timed_out", {{"program", request_.argv[0]}}));
    }
    result_.exit_code = child_.wait();
    return std::move(result_);
  }

 private:
  void feed() {
    while (in_ && !rest_.empty()) {
      const ssize_t count = ::write(in_.get(), rest_.data(), rest_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      // EPIPE: it does not want the rest.
      rest_ = count < 0 ? std::string_view() : rest_.substr(static_cast<std::size_t>(count));
    }
    in_ = Fd();
  }

  void drain(Fd& fd, std::string& to) {
    std::array<char, 65536> buffer;  // NOLINT(*-member-init): filled by read
    while (fd) {
      const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        fd = Fd();
        return;
      }
      to.append(buffer.data(), static_cast<std::size_t>(count));
      if (to.size() > request_.output_limit)
        throw Error(ErrorCode::io, text("os.output_too_long", {{"program", request_.argv[0]}}));
    }
  }

  void wait_for_news(int stopped) {
    std::array<pollfd, 5> polled{{{in_.get(), POLLOUT, 0},
                                  {out_.get(), POLLIN, 0},
                                  {err_.get(), POLLIN, 0},
                                  {child_.ended_fd(), POLLIN, 0},
                                  {stopped, POLLIN, 0}}};
    constexpr std::chrono::milliseconds kLookAgain{50};
    std::chrono::milliseconds wait{child_.ended_fd() < 0 ? kLookAgain.count() : INT_MAX};
    if (deadline_) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - SteadyClock::now());
      wait = std::clamp(left, std::chrono::milliseconds(0), wait);
    }
    if (poll(polled.data(), polled.size(), static_cast<int>(wait.count())) < 0 && errno != EINTR)
      throw system_error(errno, text("os.read_failed"));
  }

  const ProcessRequest& request_;
  Child& child_;
  Fd in_;
  Fd out_;
  Fd err_;
  std::string_view rest_;
  std::optional<SteadyClock::time_point> deadline_;
  ProcessResult result_;
};

}  // namespace

ProcessResult run_process(const ProcessRequest& request, const std::stop_token& stop) {
  if (request.argv.empty() || request.argv[0].empty())
    throw Error(ErrorCode::invalid_argument, text("os.no_program"));
  Pipe in = new_pipe();
  Pipe out = new_pipe();
  Pipe err = new_pipe();
  Child child(spawn(request, SpawnSettings(in, out, err)));
  in.read = Fd();
  out.write = Fd();
  err.write = Fd();
  Conversation conversation(
      request, child, std::move(in.write), std::move(out.read), std::move(err.read));
  return conversation.run(stop);
}

std::string boot_id() {
  try {
    const Bytes content = read_file("/proc/sys/kernel/random/boot_id", 256);
    const std::string_view line = as_text(content);
    return std::string(line.substr(0, line.find('\n')));
  } catch (const Error&) {
    return {};
  }
}

std::string pid_namespace() {
  std::array<char, 64> target{};
  const ssize_t size = readlink("/proc/self/ns/pid", target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

bool process_exists(pid_t pid) {
  if (pid <= 0) return false;
  if (kill(pid, 0) != 0 && errno == ESRCH) return false;
  try {
    const Bytes content = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    // "pid (name) state …"; the name may hold anything, so the last bracket counts.
    const std::string_view line = as_text(content);
    const std::size_t state = line.rfind(") ");
    return state == std::string_view::npos || state + 2 >= line.size() || line[state + 2] != 'Z';
  } catch (const Error&) {
    return true;  // hidden from us, but kill() saw it
  }
}

}  // namespace hikae::os
