// SPDX-License-Identifier: Apache-2.0
#include "repository/lag.h"

namespace hikae {

LagDecision judge_lag(const Lag& lag, const LagRule& rule) {
  if (lag.others_idle == 0) return LagDecision::wait;
  const std::chrono::nanoseconds allowed =
      lag.others_held_up + rule.grace + lag.elapsed / 100 * rule.share_percent;
  return lag.held_up > allowed ? LagDecision::detach : LagDecision::wait;
}

void HoldUp::note(Moment now, Seen seen) {
  if (seen_ == Seen::others_wait && now > last_) total_ += now - last_;
  last_ = now;
  seen_ = seen;
}

}  // namespace hikae
