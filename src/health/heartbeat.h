// SPDX-License-Identifier: Apache-2.0
// Whether the loop of a service is alive, for whoever asks from outside.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "concurrency/guarded.h"
#include "policy/policy.h"

namespace hikae {

// What the loop tells of itself. Thread-safe. The clock outlives it.
class Heartbeat {
 public:
  struct State {
    enum class Phase { waiting, at_work } phase = Phase::waiting;
    Instant since;                       // of the phase
    std::chrono::nanoseconds lasting{};  // the phase so far, by a clock that nobody moves
    std::optional<Error> failure;        // of the last round; gone after a good one
    Instant failing_since;               // with a failure
  };

  explicit Heartbeat(const Clock& clock);
  // A round begins: it is looked what is due, and that is done.
  void begin();
  void end();
  void fail(const Error& error);
  State state() const;

 private:
  struct Facts {
    State state;
    std::chrono::steady_clock::time_point since;
  };
  void enter(Facts& facts, State::Phase phase) const;

  const Clock& clock_;
  mutable Guarded<Facts> facts_;
};

struct Health {
  enum class State { alive, ailing } state = State::alive;
  Text words;  // one sentence; what is wrong, when something is
};
// Ailing: the last round failed, none began although `pause` is long over, or one lasts for a day
// more than the policy gives to a run. Pure.
Health judge(const Heartbeat::State& state,
             const policy::Policy& policy,
             std::chrono::nanoseconds pause);

}  // namespace hikae
