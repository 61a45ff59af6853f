// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>

#include "storage/backend.h"

namespace hikae {

// One direction of a line, as a backend that keeps to its rate within each file sees it. Any
// thread.
class Pace {
 public:
  virtual ~Pace() = default;

  // How many bytes at once are few enough at this moment; at least one.
  virtual std::size_t part() = 0;
  // Returns when the line has room for so many bytes more of a file of this kind: before they are
  // sent or asked for, or after they were received. Throws Cancelled.
  virtual void pass(FileType type, std::size_t bytes, const StopToken& stop) = 0;
};

// Both may be null: no limit.
struct Paces {
  std::shared_ptr<Pace> upload;
  std::shared_ptr<Pace> download;
};

// Calls `act` with the size of one part after another until all `size` bytes are done, when the
// line has room for it; once with all of them without a pace.
inline void in_parts(Pace* pace,
                     FileType type,
                     std::size_t size,
                     const StopToken& stop,
                     const std::function<void(std::size_t bytes)>& act) {
  while (size > 0) {
    const std::size_t bytes = pace == nullptr ? size : std::min(size, pace->part());
    if (pace != nullptr) pace->pass(type, bytes, stop);
    act(bytes);
    size -= bytes;
  }
}

// For net::HttpRequest; empty without a pace. The token must live as long.
inline std::function<std::size_t(std::size_t most)> next_part(const std::shared_ptr<Pace>& pace,
                                                              FileType type,
                                                              const StopToken& stop) {
  if (!pace) return nullptr;
  return [pace, type, &stop](std::size_t most) {
    const std::size_t bytes = std::min(most, pace->part());
    pace->pass(type, bytes, stop);
    return bytes;
  };
}

}  // namespace hikae
