// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "format/time.h"
#include "policy/time_zone.h"
#include "scheduler/tick.h"

namespace hikae {
namespace {

constexpr std::size_t kNewestSlots = 100;

bool is_meant(const SlotRecord& slot, const std::string& name, const policy::Policy& policy) {
  if (name == "all" || name == slot.id.job) return true;
  // With or without the seconds.
  const std::string local = policy::policy_time(policy.timezone, slot.id.scheduled);
  if (name == local || name + ":00" == local) return true;
  const auto time = format::parse_rfc3339(name);
  return time && format::to_instant(*time) == slot.id.scheduled;
}

// Slots of a time that has not come: made while the clock ran ahead.
void accept_clock(const TickContext& context) {
  SlotLedger& ledger = context.journal.slots();
  const Instant now = context.environment.clock.now();
  const auto later = clock_went_back(context);
  if (!later) return;
  std::vector<SlotRecord> accepted;
  for (SlotRecord& slot : ledger.slots(context.policy.name, kNewestSlots)) {
    if (slot.id.scheduled <= now) continue;
    slot.acknowledged = now;
    accepted.push_back(std::move(slot));
  }
  // A run by hand has no slot in the ledger: it gets one, to bear the word of a person.
  if (accepted.empty()) {
    SlotRecord slot;
    slot.id = {"backup", "manual", *later};
    slot.state = SlotState::done;
    slot.settled = slot.acknowledged = now;
    accepted.push_back(std::move(slot));
  }
  ledger.save(context.policy.name, accepted);
}

}  // namespace

void end_reminders(Journal& journal,
                   const std::string& policy,
                   const std::string& job,
                   Instant now) {
  std::vector<SlotRecord> over;
  for (SlotRecord& slot : journal.slots().unacknowledged(policy)) {
    if (slot.id.job != job || slot.reminded) continue;
    slot.reminded = now;
    over.push_back(std::move(slot));
  }
  journal.slots().save(policy, over);
}

std::vector<SlotRecord> acknowledge(const TickContext& context, const std::string& name) {
  SlotLedger& ledger = context.journal.slots();
  const Instant now = context.environment.clock.now();
  std::vector<SlotRecord> meant;
  for (SlotRecord& slot : ledger.unacknowledged(context.policy.name)) {
    if (!is_meant(slot, name, context.policy)) continue;
    slot.acknowledged = now;
    meant.push_back(std::move(slot));
  }
  const bool accepts_clock = name == "all" && clock_went_back(context);
  if (meant.empty() && !accepts_clock && name != "all") {
    throw Error(ErrorCode::not_found, text("service_due.nothing_to_acknowledge", {{"slot", name}}))
        .with_hint(text("service_due.nothing_to_acknowledge_hint"));
  }
  ledger.save(context.policy.name, meant);
  if (accepts_clock) accept_clock(context);
  return meant;
}

}  // namespace hikae
