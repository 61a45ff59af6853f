// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "concurrency/guarded.h"
#include "concurrency/stop.h"

namespace hikae {

// Owns threads that work on one thing. The first exception wins: it stops the others and join()
// rethrows it. Cancelled never wins over an error. A stop of the parent stops the group. No thread
// outlives the group.
class TaskGroup {
 public:
  explicit TaskGroup(const StopToken& parent);
  // Stops and joins what still runs; whoever wants to know the outcome calls join() first.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // `name` (at most 15 bytes are shown) is what ps and gdb call the thread.
  void spawn(const std::string& name, std::function<void(const StopToken&)> task);
  StopToken stop_token() const { return source_.get_token(); }
  void request_stop() { source_.request_stop(); }

  // Waits for all tasks, then rethrows the first error, or Cancelled if there was only that. Call
  // once.
  void join();

 private:
  struct Outcome {
    std::exception_ptr error;
    bool cancelled = false;
  };
  struct Forward {
    std::stop_source* source;
    void operator()() const { source->request_stop(); }
  };
  void run(const std::function<void(const StopToken&)>& task);

  std::stop_source source_;
  Guarded<Outcome> outcome_;
  std::vector<std::jthread> threads_;
  std::stop_callback<Forward>
      link_;  // last: destroyed first, so that it never fires into a dead group
};

// The number of CPU workers to start: at least one, as many as this process may run on.
std::size_t cpu_count();

}  // namespace hikae
