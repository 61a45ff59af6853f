// SPDX-License-Identifier: Apache-2.0
#include "repository/upload_lanes.h"

#include <algorithm>

namespace hikae {
namespace {

// Packs that wait per destination; with the ones being filled and uploaded this bounds memory.
// Where there is one destination, the next pack is filled while one is sent; where several take
// turns, some wait, so that a short stall of one is not felt by the others.
constexpr std::size_t kQueuedPacks = 0;
constexpr std::size_t kQueuedPacksOfSeveral = 2;
// How often a wait for a destination is looked at anew.
constexpr std::chrono::milliseconds kLook{10};

}  // namespace

UploadLanes::UploadLanes(const std::vector<Repository*>& repositories,
                         const LagRule& rule,
                         const Clock& clock,
                         const StopToken& stop)
    : rule_(rule), clock_(clock), begin_(clock.steady_now()) {
  const std::size_t queued = repositories.size() == 1 ? kQueuedPacks : kQueuedPacksOfSeveral;
  for (Repository* repository : repositories)
    lanes_.push_back(std::make_unique<UploadLane>(*repository, queued, clock, stop));
}

DestinationSet UploadLanes::in_state(UploadLane::State state) const {
  DestinationSet found = 0;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i]->state() == state) found |= DestinationSet{1} << i;
  }
  return found;
}

// Whoever has room gets the pack at once; only then are the others waited for.
void UploadLanes::send(const SharedPack& pack, DestinationSet receivers) {
  DestinationSet full = 0;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const DestinationSet bit = DestinationSet{1} << i;
    if ((receivers & bit) == 0) continue;
    const auto offer = lanes_[i]->offer(pack, std::chrono::milliseconds(0));
    if (offer == UploadLane::Offer::full) full |= bit;
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if ((full >> i & 1U) != 0) hand_over(i, pack);
  }
}

void UploadLanes::finish() {
  for (const auto& lane : lanes_) lane->close();
  for (std::size_t i = 0; i < lanes_.size(); ++i) wait_until_stored(i);
  for (const auto& lane : lanes_) lane->end();
  // Every pack is durable in each live destination. No index names the last of them yet.
  for (const auto& lane : lanes_) {
    if (lane->state() == UploadLane::State::serving) lane->write_pending_index();
  }
  throw_if_none_left();
}

void UploadLanes::hand_over(std::size_t number, const SharedPack& pack) {
  UploadLane& lane = *lanes_[number];
  look_at_lag(number);
  while (lane.offer(pack, kLook) == UploadLane::Offer::full) look_at_lag(number);
  lane.hold_up().lock()->note(clock_.steady_now(), HoldUp::Seen::nobody_waits);
}

void UploadLanes::wait_until_stored(std::size_t number) {
  UploadLane& lane = *lanes_[number];
  look_at_lag(number);
  while (!lane.wait_until_stored(kLook)) look_at_lag(number);
  lane.hold_up().lock()->note(clock_.steady_now(), HoldUp::Seen::nobody_waits);
}

// Called again and again while somebody waits for this destination.
void UploadLanes::look_at_lag(std::size_t number) {
  UploadLane& lane = *lanes_[number];
  Lag lag;
  look_at_others(number, lag);
  const auto now = clock_.steady_now();
  lag.elapsed = now - begin_;
  {
    auto hold_up = lane.hold_up().lock();
    hold_up->note(now,
                  lag.others_idle > 0 ? HoldUp::Seen::others_wait : HoldUp::Seen::nobody_waits);
    lag.held_up = hold_up->total();
  }
  if (judge_lag(lag, rule_) == LagDecision::wait) return;
  // One at a time, so that two never detach each other.
  const std::lock_guard lock(detaching_);
  const DestinationSet others =
      in_state(UploadLane::State::serving) & ~(DestinationSet{1} << number);
  if (others != 0) lane.detach();
}

void UploadLanes::look_at_others(std::size_t number, Lag& lag) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    UploadLane& other = *lanes_[i];
    if (i == number || other.state() != UploadLane::State::serving) continue;
    if (other.is_idle()) ++lag.others_idle;
    lag.others_held_up = std::max(lag.others_held_up, other.hold_up().lock()->total());
  }
}

void UploadLanes::throw_if_none_left() const {
  if (in_state(UploadLane::State::serving) != 0) return;
  // A detached one alone cannot go on: it lacks what it was not sent.
  for (const auto& lane : lanes_) {
    if (const auto failure = lane->failure()) throw Error(*failure);
  }
}

}  // namespace hikae
