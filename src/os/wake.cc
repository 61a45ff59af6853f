// SPDX-License-Identifier: Apache-2.0
#include "os/wake.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/error.h"

namespace hikae::os {
namespace {

Fd new_event() {
  Fd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw system_error(errno, text("os.open_failed", {{"path", "eventfd"}}));
  return fd;
}

}  // namespace

StopFd::StopFd(const std::stop_token& stop)
    : fd_(new_event()), callback_(stop, Signal{fd_.get()}) {}

void StopFd::Signal::operator()() const noexcept {
  const std::uint64_t one = 1;
  // Cannot fail: the counter is read by nobody and written once.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

}  // namespace hikae::os
