// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "concurrency/task_group.h"
#include "repository/lock.h"

namespace hikae {

// What a command reads first, read while its lock settles. Not thread-safe; the reading itself runs
// on a thread of its own.
class EarlyReading {
 public:
  // It only reads. It is called again, from the start, when the lock had to be given back, so it
  // replaces what it left the last time.
  using Read = std::function<void(const StopToken&)>;

  // `read` may be empty: then nothing happens.
  EarlyReading(Read read, StopToken stop) : read_(std::move(read)), stop_(std::move(stop)) {}

  // The options with the two calls that begin the reading and take it back. The result must not
  // outlive this object.
  LockOptions attach(LockOptions options);
  // Waits for the reading; does it now where no lock began it. Throws what it threw. Call once,
  // with the lock held and kept, or where the command goes on without one.
  void finish();

 private:
  void begin();

  Read read_;
  StopToken stop_;
  std::optional<TaskGroup> reading_;
};

}  // namespace hikae
