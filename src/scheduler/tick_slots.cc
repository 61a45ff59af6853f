// SPDX-License-Identifier: Apache-2.0
// A slot's way through the ledger.
#include "scheduler/slot_events.h"
#include "scheduler/tick_jobs.h"

namespace hikae {

void TryContext::tell(SlotEvent event) const {
  tick.sink.deliver(event);
  events.push_back(std::move(event));
}

std::vector<SlotRecord> begin_try(const TryContext& context, const DueJob& job) {
  const Instant now = context.tick.environment.clock.now();
  std::vector<SlotRecord> slots = job.slots;
  for (SlotRecord& slot : slots) {
    slot.state = SlotState::running;
    slot.attempts = job.number;
    if (!slot.first_try) slot.first_try = now;
    slot.next_try.reset();
  }
  context.tick.journal.slots().save(context.tick.policy.name, slots);
  context.tick.sink.slot_begins(job.id(), now);
  return slots;
}

void end_try(const TryContext& context, std::vector<SlotRecord>& slots, const TryEnd& end) {
  const Instant now = context.tick.environment.clock.now();
  for (SlotRecord& slot : slots) {
    slot.verdict = end.verdict;
    slot.repeat = end.repeat;
    slot.next_step =
        end.next_step ? render(*end.next_step, context.tick.policy.language) : std::string();
    slot.next_try = end.again == TryAgain::can_help ? next_try(context.tick.policy, slot, now)
                                                    : std::optional<Instant>();
    if (slot.next_try) {
      slot.state = SlotState::due;
      continue;
    }
    slot.state = end.verdict == Verdict::failed ? SlotState::failed : SlotState::done;
    slot.settled = now;
  }
}

void save_try(const TryContext& context, const std::vector<SlotRecord>& slots) {
  context.tick.journal.slots().save(context.tick.policy.name, slots);
  context.tick.sink.tick(context.tick.environment.clock.now());
}

void undo_try(const TryContext& context, const DueJob& job) {
  std::vector<SlotRecord> slots = job.slots;
  for (SlotRecord& slot : slots) slot.state = SlotState::due;
  context.tick.journal.slots().save(context.tick.policy.name, slots);
}

void tell_failed(const TryContext& context, const SlotRecord& slot) {
  SlotEvent event = make_event(context.tick, EventKind::failure, slot);
  if (slot.state == SlotState::done) event.kind = EventKind::partial;
  if (slot.id.job == "check") event.kind = EventKind::check_failed;
  if (slot.id.job == "prune") event.kind = EventKind::prune_failed;
  const bool was_killed = !event.tries.empty() && !event.tries.back().finished;
  event.notes.push_back(was_killed ? text("service_due.tries_killed")
                                   : text("service_due.tries_over"));
  event.next_step = text("service_due.see_status");
  context.tell(std::move(event));
}

}  // namespace hikae
