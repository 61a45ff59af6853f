// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  // Larger buffers than `largest` bytes are freed.
  explicit BufferPool(std::size_t largest = std::numeric_limits<std::size_t>::max())
      : largest_(largest) {}

  // Empty, with room for `size` bytes.
  Bytes take(std::size_t size) {
    Bytes buffer;
    {
      auto spare = spare_.lock();
      if (!spare->empty()) {
        buffer = std::move(spare->back());
        spare->pop_back();
      }
    }
    buffer.reserve(size);
    return buffer;
  }

  void give_back(Bytes buffer) noexcept {
    if (buffer.capacity() > largest_) return;
    buffer.clear();
    try {
      spare_.lock()->push_back(std::move(buffer));
    } catch (const std::bad_alloc&) {
      // Then it is freed.
    }
  }

 private:
  const std::size_t largest_;
  Guarded<std::vector<Bytes>> spare_;
};

}  // namespace hikae
