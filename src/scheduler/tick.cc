// SPDX-License-Identifier: Apache-2.0
#include "scheduler/tick.h"

#include <algorithm>

#include "scheduler/slot_events.h"
#include "scheduler/tick_jobs.h"
#include "scheduler/tick_ledger.h"
#include "service/validate_logs.h"

namespace hikae {
namespace {

// Clocks of one host are set by less than this in ordinary life.
constexpr std::chrono::minutes kClockTolerance{10};
// A clock that is wrong once makes few slots.
constexpr std::size_t kNewestSlots = 100;

void write_settled(const TickContext& context, const DuePlan& plan) {
  SlotLedger& ledger = context.journal.slots();
  ledger.save(context.policy.name, plan.coalesced);
  ledger.save(context.policy.name, plan.missed);
  ledger.save(context.policy.name, plan.failed);
}

// One message for all missed slots of a job, however many.
void tell_missed(const TryContext& context, const DuePlan& plan) {
  std::vector<std::string> jobs;
  for (const SlotRecord& slot : plan.missed) {
    if (std::find(jobs.begin(), jobs.end(), slot.id.job) == jobs.end()) jobs.push_back(slot.id.job);
  }
  for (const std::string& job : jobs) {
    SlotEvent event;
    for (const SlotRecord& slot : plan.missed) {
      if (slot.id.job != job) continue;
      if (event.also.empty()) event = make_event(context.tick, EventKind::missed, slot);
      event.slot = slot.id;  // the newest names it
      event.also.push_back(slot.id);
    }
    event.next_step = text("service_due.missed_hint");
    context.tell(std::move(event));
  }
}

// What each failure itself said to do, once, and then to acknowledge it.
Text what_to_do(const std::vector<SlotRecord>& slots) {
  std::vector<std::string> steps;
  for (const SlotRecord& slot : slots) {
    const bool is_new = std::find(steps.begin(), steps.end(), slot.next_step) == steps.end();
    if (!slot.next_step.empty() && is_new) steps.push_back(slot.next_step);
  }
  if (steps.empty()) return text("service_due.acknowledge_hint");
  std::string all;
  for (const std::string& step : steps) all += (all.empty() ? "" : " ") + step;
  return text("service_due.put_right_hint", {{"steps", all}});
}

// What failed or was missed and nobody took notice of.
void remind(const TryContext& context) {
  SlotLedger& ledger = context.tick.journal.slots();
  const Instant now = context.tick.environment.clock.now();
  const auto wait = context.tick.policy.notify.remind_after;
  std::vector<SlotRecord> due;
  for (SlotRecord& slot : ledger.unacknowledged(context.tick.policy.name)) {
    if (slot.reminded || !slot.settled || now - *slot.settled < wait) continue;
    slot.reminded = now;
    due.push_back(std::move(slot));
  }
  if (due.empty()) return;
  // The newest slot names it; a deletion that is frozen only where no job failed.
  const auto named = std::find_if(
      due.rbegin(), due.rend(), [](const SlotRecord& slot) { return slot.id.job != kAnomalyJob; });
  SlotEvent event = make_event(
      context.tick, EventKind::unacknowledged, named == due.rend() ? due.back() : *named);
  for (const SlotRecord& slot : due) {
    if (slot.id.job == kAnomalyJob)
      event.notes.push_back(text("service_logs.frozen", {{"source", slot.id.group}}));
    else
      event.also.push_back(slot.id);
  }
  event.next_step = what_to_do(due);
  context.tell(std::move(event));
  ledger.save(context.tick.policy.name, due);
}

void perform(const TryContext& context, TickReport& report, const StopToken& stop) {
  for (const DueJob& job : report.plan.jobs) {
    throw_if_stopped(stop);
    if (context.observer.job_begins) context.observer.job_begins(job);
    JobResult result =
        job.job == "backup" ? try_backup(context, job, stop) : try_maintenance(context, job, stop);
    if (!result.waits_for_other)
      report.verdict = worse(report.verdict, worse(result.verdict, result.prune_verdict));
    if (context.observer.job_ends) context.observer.job_ends(result);
    report.jobs.push_back(std::move(result));
  }
}

}  // namespace

std::optional<Instant> clock_went_back(const TickContext& context) {
  const Instant limit = context.environment.clock.now() + kClockTolerance;
  std::optional<Instant> later;
  for (const SlotRecord& slot : context.journal.slots().slots(context.policy.name, kNewestSlots)) {
    // Somebody has said that the clock is right.
    if (slot.id.scheduled > limit && slot.acknowledged) return std::nullopt;
    if (slot.id.scheduled > limit)
      later = std::max(later.value_or(slot.id.scheduled), slot.id.scheduled);
  }
  const auto runs = context.journal.runs(context.policy.name, 1);
  if (!runs.empty() && runs.front().started > limit)
    later = std::max(later.value_or(runs.front().started), runs.front().started);
  return later;
}

DuePlan preview_due(const TickContext& context) {
  const auto groups = schedule_groups(context.policy);
  return plan_due(context.policy, read_facts(context, groups), context.environment.clock.now());
}

TickReport run_due(const TickContext& context,
                   const TickOptions& options,
                   const TickObserver& observer,
                   const StopToken& stop) {
  TickReport report;
  const auto lock =
      SlotLock::try_acquire(context.environment.state_directory, context.policy.name, "tick");
  if (!lock) {
    report.other_is_at_work = true;
    return report;
  }
  context.sink.tick(context.environment.clock.now());
  const auto groups = schedule_groups(context.policy);
  ensure_groups(context, groups, stop);
  report.plan =
      plan_due(context.policy, read_facts(context, groups), context.environment.clock.now());
  give_up_orphans(context, groups, report.plan);
  const TryContext tries{context, options, observer, report.events};
  // Killed between the two, it is told again; the other way round it never would be.
  tell_missed(tries, report.plan);
  for (const SlotRecord& slot : report.plan.failed) {
    tell_failed(tries, slot);
    report.verdict = worse(report.verdict, slot.verdict.value_or(Verdict::failed));
  }
  write_settled(context, report.plan);
  perform(tries, report, stop);
  remind(tries);
  if (!report.events.empty()) context.sink.tick(context.environment.clock.now());
  report.next = report.jobs.empty() ? report.plan.next : preview_due(context).next;
  return report;
}

}  // namespace hikae
