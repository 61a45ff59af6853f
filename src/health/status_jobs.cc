// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "health/status.h"
#include "policy/time_zone.h"
#include "service/freshness.h"
#include "service/low_space.h"
#include "service/validate_logs.h"

namespace hikae {
namespace {

// A check may lie a month back, behind a backup every few minutes.
constexpr std::size_t kMostRuns = 20'000;
constexpr std::size_t kLatestSlots = 30;

bool has_good_check_since(const policy::Policy& policy, Journal& journal, Instant since) {
  for (const RunRecord& run : journal.runs(policy.name, kMostRuns)) {
    if (run.slot.job == "check" && run.started >= since && run.verdict &&
        *run.verdict <= Verdict::warning)
      return true;
  }
  return false;
}

}  // namespace

std::vector<SlotRecord> slots_to_show(const std::string& policy, SlotLedger& ledger) {
  std::vector<SlotRecord> shown = ledger.slots(policy, kLatestSlots);
  for (auto& more : {ledger.open_slots(policy), ledger.unacknowledged(policy)}) {
    for (const SlotRecord& slot : more) {
      const bool is_there = std::any_of(
          shown.begin(), shown.end(), [&](const auto& one) { return one.id == slot.id; });
      if (!is_there) shown.push_back(slot);
    }
  }
  std::erase_if(shown, [](const SlotRecord& slot) {
    return slot.id.job == kSpaceJob || slot.id.job == kAnomalyJob;
  });
  std::stable_sort(shown.begin(), shown.end(), [](const SlotRecord& a, const SlotRecord& b) {
    return a.id.scheduled > b.id.scheduled;
  });
  return shown;
}

std::vector<Text> find_silent_jobs(const policy::Policy& policy, Journal& journal, Instant now) {
  std::vector<Text> silent;
  const auto due = due_moment(policy, policy.schedule.check, now);
  // Nothing is due before the ledger knows the schedule.
  const auto since = journal.slots().since(policy.name, "check", "");
  if (due && since && *due >= *since && !has_good_check_since(policy, journal, *due)) {
    silent.push_back(text("service_status_jobs.check_overdue",
                          {{"due", policy::policy_time(policy.timezone, *due)}}));
  }
  for (const policy::Source& source : policy.sources) {
    if (is_frozen_by_anomaly(journal, policy.name, source.name))
      silent.push_back(text("service_logs.frozen", {{"source", source.name}}));
  }
  const std::size_t count = count_undelivered(policy.name, journal, now);
  if (count > 0)
    silent.push_back(text("service_status_jobs.undelivered", {{"count", std::to_string(count)}}));
  return silent;
}

}  // namespace hikae
