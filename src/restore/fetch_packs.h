// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "concurrency/semaphore.h"
#include "restore/plan_fetches.h"

namespace hikae::restore {

// Bytes of packs in memory at once, whatever is restored; a single longer blob has it for itself.
inline constexpr std::size_t kBytesInFlight = 12 * kMiB;

// A range of a pack in memory. Gives its share of the memory back when it goes.
struct FetchedRange {
  const Fetch* fetch = nullptr;
  Semaphore::Permit permit;
  // Empty when the range could not be read; the blobs may still be found elsewhere.
  Bytes bytes;
};

// Reads ranges of packs for any number of threads.
class PackReader {
 public:
  PackReader(Context& context, const FetchPlan& plan) : context_(context), plan_(plan) {}
  // Waits for memory.
  FetchedRange read(const Fetch& fetch, const StopToken& stop);
  // Gives the range's memory to the next one, since memory that is new costs a page fault per 4
  // KiB.
  void recycle(FetchedRange range);

 private:
  Bytes take_buffer();

  Context& context_;
  const FetchPlan& plan_;
  Semaphore memory_{kBytesInFlight};
  Guarded<std::vector<Bytes>> spare_;
};

}  // namespace hikae::restore
