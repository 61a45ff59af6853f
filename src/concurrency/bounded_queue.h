// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "concurrency/stop.h"

namespace hikae {

// A queue that holds at most `capacity` items, so that a fast producer waits instead of filling
// memory. Any number of producers and consumers. After close() producers are refused and consumers
// drain what is left.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // Waits for room. False when the queue is closed. Throws Cancelled when a stop is requested.
  bool push(T item, const StopToken& stop) {
    std::unique_lock lock(mutex_);
    if (!not_full_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; }))
      throw Cancelled();
    if (closed_) return false;
    items_.push_back(std::move(item));
    not_empty_.notify_one();
    return true;
  }

  // Whether try_push() would find room at this moment; who else pushes may take it.
  bool has_room() {
    const std::lock_guard lock(mutex_);
    return !closed_ && items_.size() < capacity_;
  }

  // Never waits: false, and `item` untouched, when there is no room or the queue is closed.
  bool try_push(T& item) {
    const std::lock_guard lock(mutex_);
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    not_empty_.notify_one();
    return true;
  }

  // Waits for room, but no longer than `patience`; `item` is untouched unless it was taken. Throws
  // Cancelled when a stop is requested.
  enum class Push { taken, timed_out, closed };
  Push push_for(T& item, std::chrono::milliseconds patience, const StopToken& stop) {
    std::unique_lock lock(mutex_);
    const bool ready = not_full_.wait_for(
        lock, stop, patience, [&] { return closed_ || items_.size() < capacity_; });
    if (!ready) {
      throw_if_stopped(stop);
      return Push::timed_out;
    }
    if (closed_) return Push::closed;
    items_.push_back(std::move(item));
    not_empty_.notify_one();
    return Push::taken;
  }

  // Waits for an item. nullopt when the queue is closed and empty. Throws Cancelled when a stop is
  // requested.
  std::optional<T> pop(const StopToken& stop) {
    std::unique_lock lock(mutex_);
    if (!not_empty_.wait(lock, stop, [&] { return closed_ || !items_.empty(); })) throw Cancelled();
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    not_full_.notify_one();
    return item;
  }

  // Closes, and throws away what nobody has taken yet; returns how much that was.
  std::size_t discard() {
    std::deque<T> waiting;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      waiting.swap(items_);
      not_empty_.notify_all();
      not_full_.notify_all();
    }
    return waiting.size();
  }

  // Idempotent.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    not_empty_.notify_all();
    not_full_.notify_all();
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any not_full_;
  std::condition_variable_any not_empty_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace hikae
