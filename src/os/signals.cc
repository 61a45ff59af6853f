// SPDX-License-Identifier: Apache-2.0
#include "os/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "os/wake.h"

namespace hikae::os {
namespace {

sigset_t termination_set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

sigset_t pipe_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

void ignore_broken_pipes() {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

HeldPipeSignal::HeldPipeSignal() {
  const sigset_t set = pipe_set();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

HeldPipeSignal::~HeldPipeSignal() {
  if (sigismember(&before_, SIGPIPE) == 0) {
    const sigset_t set = pipe_set();
    const timespec at_once{};
    while (sigtimedwait(&set, nullptr, &at_once) == SIGPIPE) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

TerminationSignals::TerminationSignals() {
  const sigset_t set = termination_set();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  fd_ = Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw system_error(errno, text("os.open_failed", {{"path", "signalfd"}}));
}

TerminationSignals::~TerminationSignals() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> TerminationSignals::wait(const std::stop_token& stop) const {
  const StopFd stopped(stop);
  for (;;) {
    std::array<pollfd, 2> polled{{{fd_.get(), POLLIN, 0}, {stopped.get(), POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
      throw system_error(errno, text("os.read_failed"));
    signalfd_siginfo info{};
    if (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      return static_cast<int>(info.ssi_signo);
    if (stop.stop_requested()) return std::nullopt;
  }
}

}  // namespace hikae::os
