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

Waker::Waker() : fd_(new_event()) {}

void Waker::wake() noexcept {
  const std::uint64_t one = 1;
  // Fails only where the counter is full, and then it is readable.
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

void Waker::clear() noexcept {
  std::uint64_t count = 0;
  // Fails only where nobody has woken it.
  [[maybe_unused]] const ssize_t done = ::read(fd_.get(), &count, sizeof count);
}

}  // namespace hikae::os
