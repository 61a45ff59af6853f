// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "concurrency/stop.h"

namespace hikae {

// Data that cannot be reached without its lock: `auto state = guarded.lock(); state->x = 1;`.
template <typename T>
class Guarded {
 public:
  template <typename... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  class Lock {
   public:
    explicit Lock(Guarded& owner) : owner_(owner), lock_(owner.mutex_) {}
    T* operator->() { return &owner_.value_; }
    T& operator*() { return owner_.value_; }

    // Releases the lock until `ready()` holds; false when a stop was requested first.
    template <typename Ready>
    bool wait(const StopToken& stop, Ready ready) {
      return owner_.changed_.wait(lock_, stop, std::move(ready));
    }

    // The same, but no longer than `patience`; false also when that is over.
    template <typename Ready>
    bool wait_for(const StopToken& stop, std::chrono::milliseconds patience, Ready ready) {
      return owner_.changed_.wait_for(lock_, stop, patience, std::move(ready));
    }

   private:
    Guarded& owner_;
    std::unique_lock<std::mutex> lock_;
  };

  Lock lock() { return Lock(*this); }
  // Wakes those who wait(); called after a change, with or without the lock.
  void notify_all() { changed_.notify_all(); }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  T value_;
};

}  // namespace hikae
