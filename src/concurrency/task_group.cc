// SPDX-License-Identifier: Apache-2.0
#include "concurrency/task_group.h"

#include <pthread.h>
#include <sched.h>

namespace hikae {

TaskGroup::TaskGroup(const StopToken& parent) : link_(parent, Forward{&source_}) {}

TaskGroup::~TaskGroup() {
  source_.request_stop();
  threads_.clear();  // jthread joins
}

void TaskGroup::run(const std::function<void(const StopToken&)>& task) {
  try {
    task(source_.get_token());
    return;
  } catch (const Cancelled&) {
    outcome_.lock()->cancelled = true;
  } catch (...) {  // a thread's edge: whatever it is travels to join()
    auto outcome = outcome_.lock();
    if (!outcome->error) outcome->error = std::current_exception();
  }
  source_.request_stop();
}

void TaskGroup::spawn(const std::string& name, std::function<void(const StopToken&)> task) {
  threads_.emplace_back([this, work = std::move(task)] { run(work); });
  pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
}

void TaskGroup::join() {
  for (std::jthread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  auto outcome = outcome_.lock();
  if (outcome->error) std::rethrow_exception(outcome->error);
  if (outcome->cancelled || source_.stop_requested()) throw Cancelled();
}

std::size_t cpu_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? static_cast<std::size_t>(count) : 1;
}

}  // namespace hikae
