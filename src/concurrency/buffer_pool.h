// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "concurrency/guarded.h"

namespace hikae {

// Memory for use again: to get fresh pages from the kernel takes about as long as to encrypt them.
// Holds no more buffers than were in use at one time. Thread-safe.
class BufferPool {
 public:
  // What would make it hold more than `most` bytes is freed.
  explicit BufferPool(std::size_t most = std::numeric_limits<std::size_t>::max()) : most_(most) {}

  // Empty, with room for `size` bytes.
  Bytes take(std::size_t size) {
    Bytes buffer;
    {
      auto spare = spare_.lock();
      const auto best = std::min_element(
          spare->begin(), spare->end(), [size](const Bytes& one, const Bytes& other) {
            return serves_better(one.capacity(), other.capacity(), size);
          });
      if (best != spare->end()) {
        std::swap(*best, spare->back());
        buffer = std::move(spare->back());
        spare->pop_back();
      }
    }
    buffer.reserve(size);
    return buffer;
  }

  void give_back(Bytes buffer) noexcept {
    buffer.clear();
    try {
      auto spare = spare_.lock();
      std::size_t held = buffer.capacity();
      for (const Bytes& each : *spare) held += each.capacity();
      if (held <= most_) spare->push_back(std::move(buffer));
    } catch (const std::bad_alloc&) {
      // Then it is freed.
    }
  }

 private:
  // The smallest that has room; where none has, the largest.
  static bool serves_better(std::size_t one, std::size_t other, std::size_t size) {
    if (one >= size && other >= size) return one < other;
    return one > other;
  }

  const std::size_t most_;
  Guarded<std::vector<Bytes>> spare_;
};

}  // namespace hikae
