// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace hikae {

using Instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

// Where time decides something, a Clock is passed in, so that tests can move it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  // Never goes backwards; for measuring and for waiting.
  virtual std::chrono::steady_clock::time_point steady_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  std::chrono::steady_clock::time_point steady_now() const override;
};

}  // namespace hikae
