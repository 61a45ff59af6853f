// SPDX-License-Identifier: Apache-2.0
#include "concurrency/wait.h"

#include <condition_variable>
#include <mutex>

namespace hikae {

void wait_unless_stopped(std::chrono::nanoseconds duration, const StopToken& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
  throw_if_stopped(stop);
}

}  // namespace hikae
