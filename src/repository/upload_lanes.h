// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "repository/lag.h"
#include "repository/upload_lane.h"

namespace hikae {

// One bit per destination of a run.
using DestinationSet = std::uint32_t;

// The lanes of all destinations of a run: a pack goes to each that lacks its blobs, and one that
// holds the others up beyond LagRule is detached. The last one never is. Thread-safe, but for
// finish(), which is called once.
class UploadLanes {
 public:
  // The repositories outlive the lanes.
  UploadLanes(const std::vector<Repository*>& repositories,
              const LagRule& rule,
              const Clock& clock,
              const StopToken& stop);

  std::size_t size() const { return lanes_.size(); }
  UploadLane& operator[](std::size_t number) const { return *lanes_[number]; }
  DestinationSet in_state(UploadLane::State state) const;

  // Waits for those that have no room. Throws Cancelled when stopped.
  void send(const SharedPack& pack, DestinationSet receivers);
  // Waits until all is stored, then names it in each index. Throws the first failure when no
  // destination is left.
  void finish();
  void throw_if_none_left() const;

 private:
  void hand_over(std::size_t number, const SharedPack& pack);
  void wait_until_stored(std::size_t number);
  void look_at_lag(std::size_t number);
  void look_at_others(std::size_t number, Lag& lag);

  const LagRule rule_;
  const Clock& clock_;
  const std::chrono::steady_clock::time_point begin_;
  std::mutex detaching_;
  std::vector<std::unique_ptr<UploadLane>> lanes_;
};

}  // namespace hikae
