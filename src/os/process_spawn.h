// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/fd.h"

namespace hikae::os {

// What run_process() and ChildProcess share; nobody else needs it.

// A program that ends before it has read its input must not end us. SIGPIPE is held back in this
// thread only, since the signal's disposition belongs to the whole process.
class NoSigpipe {
 public:
  NoSigpipe();
  ~NoSigpipe();
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

// A program that was started; killed with its process group and waited for unless it has ended.
class RunningProgram {
 public:
  explicit RunningProgram(pid_t pid);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  pid_t pid() const { return pid_; }
  // Readable when the program has ended; -1 on kernels before 5.3.
  int ended_fd() const { return ended_.get(); }
  bool has_ended() const;
  // Waits for the end. The exit code, or 128 + signal number. Once only.
  int wait();

 private:
  pid_t pid_;
  Fd ended_;
  bool reaped_ = false;
};

struct Spawned {
  std::unique_ptr<RunningProgram> program;
  Fd input;  // our ends of the pipes
  Fd output;
  Fd errors;
};

// What only some programs need.
struct SpawnExtras {
  std::string working_directory;  // empty: this process's
  int descriptor = -1;            // not -1: the program gets a copy of it as descriptor 3
};

// Starts argv[0], looked up in PATH, with its arguments. It inherits no descriptor but the three
// pipes and that of `extras`, no blocked or ignored signal, and leads a process group of its own.
// `environment` as in ProcessRequest. Throws Error.
Spawned spawn(const std::vector<std::string>& argv,
              const std::optional<std::vector<std::string>>& environment,
              const SpawnExtras& extras = {});

}  // namespace hikae::os
