// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "concurrency/guarded.h"

namespace hikae {

// The memory of packs, for use by the next ones: to get 16 MiB of fresh pages from the kernel takes
// about as long as to encrypt them. Holds no more buffers than were in use at one time.
// Thread-safe.
class PackBuffers {
 public:
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
    buffer.clear();
    try {
      spare_.lock()->push_back(std::move(buffer));
    } catch (const std::bad_alloc&) {
      // Then it is freed.
    }
  }

 private:
  Guarded<std::vector<Bytes>> spare_;
};

}  // namespace hikae
