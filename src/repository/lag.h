// SPDX-License-Identifier: Apache-2.0
// When a destination that cannot keep up with the others is no longer waited for.
#pragma once

#include <chrono>
#include <cstddef>

namespace hikae {

// A destination may hold the others up for `grace` plus `share_percent` of the run so far, beyond
// what others hold up in their turn. The share makes the rule relative to what the others need:
// whoever is nearly as fast is waited for, however long the run. What others cost is allowed too,
// since equally fast ones wait for each other in turn, by jitter alone, and none of them is to
// blame. The grace covers the beginning and single stalls: a flush of a disk, a lost packet.
struct LagRule {
  std::chrono::milliseconds grace{2000};
  unsigned share_percent = 10;
};

// What is known of one destination at a moment when it cannot take a pack.
struct Lag {
  // In all, so long it could not take a pack while another destination had nothing to do. One that
  // still has packs to send loses nothing by waiting.
  std::chrono::nanoseconds held_up{0};
  // The most that one of the other destinations still served has held up.
  std::chrono::nanoseconds others_held_up{0};
  std::chrono::nanoseconds elapsed{0};  // since the run began
  std::size_t others_idle = 0;          // destinations that have nothing to do at this moment
};

enum class LagDecision { wait, detach };

// Pure. Who is the only one left, or waits together with all others, is never detached: then it is
// the pace of the run.
LagDecision judge_lag(const Lag& lag, const LagRule& rule);

// Sums up for how long one destination holds others up, from observations at any times; several
// threads that wait at once count once. Not thread-safe.
class HoldUp {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  enum class Seen { nobody_waits, others_wait };
  // What holds from `now` on, until the next observation.
  void note(Moment now, Seen seen);
  std::chrono::nanoseconds total() const { return total_; }

 private:
  std::chrono::nanoseconds total_{0};
  Moment last_{};
  Seen seen_ = Seen::nobody_waits;
};

}  // namespace hikae
