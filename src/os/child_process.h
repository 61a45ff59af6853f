// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "os/fd.h"

namespace hikae::os {

class RunningProgram;

// A program that one talks with while it runs. Started as run_process() starts one; killed with its
// process group and reaped when the object goes. Nothing here blocks but wait(); who owns the
// object polls the descriptors, all of them non-blocking. Not thread-safe.
class ChildProcess {
 public:
  // batch: SCHED_BATCH of sched(7), for bulk work. Woken, the program then pushes nobody aside.
  enum class Scheduling { usual, batch };
  struct Request {
    std::vector<std::string> argv;  // argv[0] is looked up in PATH; no shell is involved
    std::optional<std::vector<std::string>> environment;  // absent: this process's own
    std::size_t pipe_bytes = 0;     // wished for input and output; 0: the system's default
    std::string working_directory;  // empty: this process's
    int descriptor = -1;            // not -1: the program gets a copy of it as descriptor 3
    Scheduling scheduling = Scheduling::usual;  // a wish too
  };
  // Throws Error when the program cannot be started; messages name argv[0] only.
  explicit ChildProcess(const Request& request);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const;
  int input_fd() const { return input_.get(); }    // -1 once closed
  int output_fd() const { return output_.get(); }  // -1 at its end
  int errors_fd() const { return errors_.get(); }  // -1 at its end

  // How many bytes of the pieces were taken, 0 when there is no room now. nullopt when the program
  // reads no more.
  std::optional<std::size_t> write_some(const std::vector<ByteView>& pieces);
  // 0 when there is nothing now; nullopt at the end.
  std::optional<std::size_t> read_output(MutableByteView out);
  std::optional<std::size_t> read_errors(MutableByteView out);
  void close_input();

  bool has_ended() const;
  // Waits for the program's end and kills it after `patience`. The exit code, or 128 + signal
  // number. Call once.
  int wait(std::chrono::milliseconds patience);

 private:
  static std::optional<std::size_t> read_from(Fd& fd, MutableByteView out);

  std::unique_ptr<RunningProgram> program_;
  Fd input_;
  Fd output_;
  Fd errors_;
};

}  // namespace hikae::os
