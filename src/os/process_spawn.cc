// SPDX-License-Identifier: Apache-2.0
#include "os/process_spawn.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "base/error.h"
#include "os/signals.h"

namespace hikae::os {
namespace {

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
  SpawnSettings(const Pipe& in, const Pipe& out, const Pipe& err, const SpawnExtras& extras) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_adddup2(&actions_, in.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err.write.get(), STDERR_FILENO);
    int first_closed = STDERR_FILENO + 1;
    if (extras.descriptor >= 0)
      posix_spawn_file_actions_adddup2(&actions_, extras.descriptor, first_closed++);
    // Descriptors that a library opened without O_CLOEXEC.
    posix_spawn_file_actions_addclosefrom_np(&actions_, first_closed);
    if (!extras.working_directory.empty())
      posix_spawn_file_actions_addchdir_np(&actions_, extras.working_directory.c_str());
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

}  // namespace

NoSigpipe::NoSigpipe() {
  sigemptyset(&pipe_);
  sigaddset(&pipe_, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
}

NoSigpipe::~NoSigpipe() {
  const timespec no_wait{};
  if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &no_wait);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

RunningProgram::RunningProgram(pid_t pid)
    : pid_(pid), ended_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

RunningProgram::~RunningProgram() {
  if (reaped_) return;
  kill(-pid_, SIGKILL);
  wait();
}

bool RunningProgram::has_ended() const {
  if (reaped_) return true;
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid != 0;
}

int RunningProgram::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  return WIFSIGNALED(status) ? exit_code_of_signal(WTERMSIG(status)) : WEXITSTATUS(status);
}

Spawned spawn(const std::vector<std::string>& argv,
              const std::optional<std::vector<std::string>>& environment,
              const SpawnExtras& extras) {
  Pipe in = new_pipe();
  Pipe out = new_pipe();
  Pipe err = new_pipe();
  const SpawnSettings settings(in, out, err, extras);
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = environment.value_or(std::vector<std::string>{});
  std::vector<char*> argument_pointers = pointers(arguments);
  std::vector<char*> own = pointers(variables);
  pid_t pid = 0;
  const int error_number = posix_spawnp(&pid,
                                        argument_pointers[0],
                                        settings.actions(),
                                        settings.attributes(),
                                        argument_pointers.data(),
                                        environment ? own.data() : environ);
  if (error_number != 0)
    throw system_error(error_number, text("os.start_failed", {{"program", argv[0]}}));
  Spawned spawned;
  spawned.program = std::make_unique<RunningProgram>(pid);
  spawned.input = std::move(in.write);
  spawned.output = std::move(out.read);
  spawned.errors = std::move(err.read);
  return spawned;
}

}  // namespace hikae::os
