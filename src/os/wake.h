// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "os/fd.h"

namespace hikae::os {

// A descriptor that becomes readable when `stop` is requested, so that poll() ends.
class StopFd {
 public:
  explicit StopFd(const std::stop_token& stop);
  int get() const { return fd_.get(); }

 private:
  struct Signal {
    int fd;
    void operator()() const noexcept;
  };
  Fd fd_;
  std::stop_callback<Signal> callback_;  // last: gone before the descriptor is closed
};

// A descriptor that one thread waits for with poll() and that any thread makes readable.
// Thread-safe.
class Waker {
 public:
  Waker();
  void wake() noexcept;
  // Not readable any more, however often it was woken.
  void clear() noexcept;
  int get() const { return fd_.get(); }

 private:
  Fd fd_;
};

}  // namespace hikae::os
