// SPDX-License-Identifier: Apache-2.0
// What a policy leads to: which generations exist on each day.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policy/retention.h"
#include "policy/schedule.h"

namespace hikae::policy {

enum class DayOutcome {
  good,     // each due backup is made, then the retention is applied
  nothing,  // no backup is due on this day
  missed,   // the machine was off: no backup, nothing is removed
  failed,   // the backup failed: no snapshot, and deletion is frozen
  partial,  // made, but with unreadable items
};

struct SimulatedGeneration {
  Instant time;
  std::string label;                     // local time, "2026-11-23 02:00"
  std::vector<RetentionReason> reasons;  // why it is still there, or why it went
};

// The end of one local day.
struct SimulatedDay {
  LocalDay day;
  DayOutcome outcome = DayOutcome::nothing;
  std::vector<SimulatedGeneration> generations;  // newest first
  std::vector<SimulatedGeneration> removed;      // on this day, newest first
};

struct SimulationRequest {
  RetentionRules rules;
  Schedule backup;
  TimeZone zone;   // whose days are counted
  LocalDay start;  // the first day; nothing exists before
  int days = 60;
  // Days that differ from `good`: missed, failed or partial.
  std::map<LocalDay, DayOutcome> outcomes;
};

// One entry per day. Throws Error{invalid_argument} for fewer than 1 or more than 36600 days.
std::vector<SimulatedDay> simulate(const SimulationRequest& request);

}  // namespace hikae::policy
