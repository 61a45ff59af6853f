// SPDX-License-Identifier: Apache-2.0
#include "health/heartbeat.h"

#include "policy/time_zone.h"
#include "policy/values.h"

namespace hikae {
namespace {

// What a machine under load may take to begin a round.
constexpr std::chrono::minutes kDelay{1};
// The first copy of a large source may outlast the window.
constexpr std::chrono::hours kBeyondWindow{24};

}  // namespace

Heartbeat::Heartbeat(const Clock& clock) : clock_(clock) {
  enter(*facts_.lock(), State::Phase::waiting);
}

void Heartbeat::enter(Facts& facts, State::Phase phase) const {
  facts.state.phase = phase;
  facts.state.since = clock_.now();
  facts.since = clock_.steady_now();
}

void Heartbeat::begin() {
  enter(*facts_.lock(), State::Phase::at_work);
}

void Heartbeat::end() {
  auto facts = facts_.lock();
  facts->state.failure.reset();
  enter(*facts, State::Phase::waiting);
}

void Heartbeat::fail(const Error& error) {
  auto facts = facts_.lock();
  enter(*facts, State::Phase::waiting);
  if (!facts->state.failure) facts->state.failing_since = facts->state.since;
  facts->state.failure = error;
}

Heartbeat::State Heartbeat::state() const {
  auto facts = facts_.lock();
  State state = facts->state;
  state.lasting = clock_.steady_now() - facts->since;
  return state;
}

Health judge(const Heartbeat::State& state,
             const policy::Policy& policy,
             std::chrono::nanoseconds pause) {
  const std::string since = policy::policy_time(policy.timezone, state.since);
  const std::chrono::seconds longest = policy.schedule.window + kBeyondWindow;
  if (state.phase == Heartbeat::State::Phase::at_work && state.lasting > longest)
    return {Health::State::ailing,
            text("service_heartbeat.hangs",
                 {{"since", since}, {"limit", policy::write_duration(longest)}})};
  if (state.phase == Heartbeat::State::Phase::waiting && state.lasting > pause + kDelay)
    return {Health::State::ailing, text("service_heartbeat.silent", {{"since", since}})};
  if (state.failure)
    return {Health::State::ailing,
            because(text("service_heartbeat.failing",
                         {{"since", policy::policy_time(policy.timezone, state.failing_since)}}),
                    *state.failure)};
  return {Health::State::alive,
          text(state.phase == Heartbeat::State::Phase::at_work ? "service_heartbeat.at_work"
                                                               : "service_heartbeat.waiting",
               {{"since", since}})};
}

}  // namespace hikae
