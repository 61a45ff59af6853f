// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <optional>
#include <stop_token>

#include "os/fd.h"

namespace hikae::os {

// Holds back SIGINT, SIGTERM and SIGHUP from this thread and from the threads that it starts while
// the object lives, so that one thread can wait for them instead of a handler interrupting any.
// Made in main() before any thread. Programs started by run_process get them as usual.
class TerminationSignals {
 public:
  TerminationSignals();
  ~TerminationSignals();
  TerminationSignals(const TerminationSignals&) = delete;
  TerminationSignals& operator=(const TerminationSignals&) = delete;

  // The number of the next such signal, nullopt when `stop` is requested first. One thread at a
  // time.
  std::optional<int> wait(const std::stop_token& stop) const;

 private:
  sigset_t before_{};
  Fd fd_;
};

// Holds back SIGPIPE from this thread and from the threads that it starts while the object lives,
// for libraries that write to sockets without MSG_NOSIGNAL: the write then fails with EPIPE. One
// that came meanwhile is dropped.
class HeldPipeSignal {
 public:
  HeldPipeSignal();
  ~HeldPipeSignal();
  HeldPipeSignal(const HeldPipeSignal&) = delete;
  HeldPipeSignal& operator=(const HeldPipeSignal&) = delete;

 private:
  sigset_t before_{};
};

// From now on a write to a pipe that nobody reads fails with EPIPE in the whole process, so that
// what is being done comes to its end. Programs started by run_process get the signal as usual.
void ignore_broken_pipes();

// The shell's exit code for a death by signal.
inline int exit_code_of_signal(int number) {
  return 128 + number;
}

}  // namespace hikae::os
