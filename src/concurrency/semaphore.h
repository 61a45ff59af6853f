// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "concurrency/guarded.h"

namespace hikae {

// Bounds how many do something at once, or how many bytes are under way; waits for room in order to
// bound memory.
class Semaphore {
 public:
  explicit Semaphore(std::size_t count) : free_(count) {}

  class Permit {
   public:
    Permit(Semaphore& owner, std::size_t count) : owner_(&owner), count_(count) {}
    Permit(Permit&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), count_(other.count_) {}
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() {
      if (owner_ != nullptr) owner_->release(count_);
    }

   private:
    Semaphore* owner_;
    std::size_t count_;
  };

  // `count` must not exceed the semaphore's total. Throws Cancelled when a stop is requested first.
  Permit acquire(std::size_t count, const StopToken& stop) {
    auto free = free_.lock();
    if (!free.wait(stop, [&] { return *free >= count; })) throw Cancelled();
    *free -= count;
    return {*this, count};
  }

 private:
  void release(std::size_t count) {
    *free_.lock() += count;
    free_.notify_all();
  }
  Guarded<std::size_t> free_;
};

}  // namespace hikae
