// SPDX-License-Identifier: Apache-2.0
#include "policy/simulate.h"

#include <utility>

#include "base/error.h"

namespace hikae::policy {
namespace {

class Simulation {
 public:
  explicit Simulation(const SimulationRequest& request) : request_(request) {}

  SimulatedDay run(LocalDay day) {
    SimulatedDay result;
    result.day = day;
    const std::vector<Instant> due = slots_of(day);
    if (due.empty()) {
      result.generations = last_;
      return result;
    }
    const auto outcome = request_.outcomes.find(day);
    result.outcome = outcome == request_.outcomes.end() ? DayOutcome::good : outcome->second;
    if (result.outcome == DayOutcome::good || result.outcome == DayOutcome::partial) {
      for (const Instant slot : due) back_up(slot, result);
    }
    result.generations = last_;
    return result;
  }

 private:
  std::vector<Instant> slots_of(LocalDay day) const {
    const Instant start = request_.zone.to_instant(day);
    const Instant end = request_.zone.to_instant(day + std::chrono::days(1));
    std::vector<Instant> slots;
    for (auto slot = request_.backup.next_after(start - std::chrono::nanoseconds(1));
         slot && *slot < end;
         slot = request_.backup.next_after(*slot)) {
      slots.push_back(*slot);
    }
    return slots;
  }

  void back_up(Instant slot, SimulatedDay& result) {
    RetentionSnapshot snapshot;
    snapshot.time = slot;
    snapshot.id = format_local(request_.zone.to_local(slot));
    snapshot.completeness = result.outcome == DayOutcome::partial
                                ? Completeness::has_unreadable_items
                                : Completeness::complete;
    snapshots_.push_back(std::move(snapshot));
    apply_retention(slot, result);
  }

  void apply_retention(Instant slot, SimulatedDay& result) {
    // The snapshot bears the time at which its run began, so the retention is applied after it.
    RetentionPlan plan = plan_retention(
        snapshots_, request_.rules, request_.zone, slot + std::chrono::nanoseconds(1));
    std::vector<RetentionSnapshot> remaining;
    std::vector<SimulatedGeneration> removed;
    last_.clear();
    for (SnapshotDecision& decision : plan.decisions) {
      const RetentionSnapshot& snapshot = snapshots_[decision.index];
      SimulatedGeneration generation{snapshot.time, snapshot.id, std::move(decision.reasons)};
      if (decision.decision == Decision::remove) {
        removed.push_back(std::move(generation));
      } else {
        remaining.push_back(snapshot);
        last_.push_back(std::move(generation));
      }
    }
    result.removed.insert(result.removed.begin(), removed.begin(), removed.end());
    snapshots_ = std::move(remaining);
  }

  const SimulationRequest& request_;
  std::vector<RetentionSnapshot> snapshots_;
  std::vector<SimulatedGeneration> last_;  // as the last applied retention left them
};

}  // namespace

std::vector<SimulatedDay> simulate(const SimulationRequest& request) {
  if (request.days < 1 || request.days > 36600) {
    throw Error(ErrorCode::invalid_argument,
                text("schedule.simulated_days", {{"days", std::to_string(request.days)}}));
  }
  Simulation simulation(request);
  std::vector<SimulatedDay> days;
  days.reserve(static_cast<std::size_t>(request.days));
  for (int i = 0; i < request.days; ++i) {
    days.push_back(simulation.run(request.start + std::chrono::days(i)));
  }
  return days;
}

}  // namespace hikae::policy
