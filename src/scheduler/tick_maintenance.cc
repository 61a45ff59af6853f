// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "policy/time_zone.h"
#include "scheduler/slot_events.h"
#include "scheduler/tick_jobs.h"
#include "service/maintain.h"
#include "service/metrics.h"
#include "service/run_log.h"

namespace hikae {
namespace {

constexpr std::chrono::hours kWeek{24 * 7};

// Consecutive for weekly checks, and never long the same for others.
unsigned round_of(Instant scheduled) {
  return static_cast<unsigned>(scheduled.time_since_epoch() / kWeek);
}

std::vector<DestinationResult> perform(const TryContext& context,
                                       const DueJob& job,
                                       const std::string& run,
                                       const Environment& environment,
                                       const StopToken& stop) {
  MaintenanceOptions how;
  how.run = run;
  how.slot = job.id();
  how.lock_options = context.options.lock_options;
  how.round = round_of(job.id().scheduled);
  const TickContext& tick = context.tick;
  if (job.job == "check") return check_destinations(tick.policy, how, environment, stop);
  if (const auto later = clock_went_back(tick)) {
    throw Error(ErrorCode::invalid_argument,
                text("service_due.clock_went_back",
                     {{"later", policy::policy_time(tick.policy.timezone, *later)}}))
        .with_hint(text("service_due.clock_hint"));
  }
  return prune_destinations(tick.policy, PruneWhen::always, how, environment, stop);
}

// Failed in every destination is failed, in one of several is partial, as for a backup.
Verdict judge(const std::vector<DestinationResult>& results) {
  const auto failed = std::count_if(results.begin(), results.end(), [](const auto& result) {
    return result.verdict == Verdict::failed;
  });
  if (failed == 0) return worst_of(results);
  return static_cast<std::size_t>(failed) == results.size() ? Verdict::failed : Verdict::partial;
}

bool is_worth_repeating(const std::vector<DestinationResult>& results) {
  return std::any_of(results.begin(), results.end(), [](const DestinationResult& result) {
    return result.failure && is_transient(*result.failure);
  });
}

// Nothing for a good prune: nobody waits for that.
std::optional<EventKind> kind_of(const TryContext& context, const SlotRecord& slot) {
  if (slot.next_try) return EventKind::try_failed;
  const bool is_check = slot.id.job == "check";
  const Verdict verdict = slot.verdict.value_or(Verdict::failed);
  if (verdict >= Verdict::partial)
    return is_check ? EventKind::check_failed : EventKind::prune_failed;
  if (verdict == Verdict::warning && is_check) return EventKind::check_healed;
  if (trouble_before(context.tick, slot)) return EventKind::recovered;
  return is_check ? std::optional(EventKind::success) : std::nullopt;
}

std::optional<Text> next_step_of(const JobResult& result) {
  if (result.failure) return result.failure->hint();
  for (const DestinationResult& one : result.results) {
    if (one.failure && one.failure->hint()) return one.failure->hint();
  }
  const bool is_damaged = result.job.job == "check" && result.verdict >= Verdict::partial;
  return is_damaged ? std::optional(text("service_due.damage_hint")) : std::nullopt;
}

void tell(const TryContext& context, const JobResult& result) {
  const auto kind = kind_of(context, result.slots.front());
  if (!kind) return;
  SlotEvent event = make_event(context.tick, *kind, result.slots.front());
  event.also = result.job.stands_for;
  event.results = result.results;
  event.next_step = next_step_of(result);
  context.tell(std::move(event));
}

}  // namespace

JobResult try_maintenance(const TryContext& context, const DueJob& job, const StopToken& stop) {
  JobResult result;
  result.job = job;
  result.slots = begin_try(context, job);
  const TickContext& tick = context.tick;
  const Instant started = tick.environment.clock.now();
  const std::string run = tick.journal.begin_run(tick.policy.name, job.id(), started);
  RunLog log(tick.environment, tick.policy);
  log.begin(run, job.id());
  // Who validates the log meanwhile sees by it that the run is at work.
  const auto at_work =
      SlotLock::try_acquire(tick.environment.state_directory, tick.policy.name, job.job);
  std::string message;
  bool can_help = false;
  try {
    result.results = perform(context, job, run, log.environment(), stop);
    result.verdict = judge(result.results);
    can_help = is_worth_repeating(result.results);
    message = problems_of(result.results, tick.policy.language);
  } catch (const Error& error) {
    result.failure = error;
    result.verdict = Verdict::failed;
    can_help = is_transient(error);
    message = render(error, tick.policy.language);
  } catch (const Cancelled&) {
    log.stop();
    throw;
  }
  const Instant finished = tick.environment.clock.now();
  tick.journal.finish_run(run, finished, result.verdict, message);
  for (const DestinationResult& one : result.results)
    log.record_result(one.destination, one.verdict, one.summary, one.failure);
  keep_figures(tick.policy.name, tick.journal, observed_figures(result.results), finished);
  write_metrics(tick.policy, tick.environment, tick.journal, {});
  log.finish(result.verdict, result.failure, finished - started);
  const auto again = can_help ? TryAgain::can_help : TryAgain::cannot_help;
  end_try(context, result.slots, {result.verdict, again, {}, next_step_of(result)});
  tell(context, result);
  save_try(context, result.slots);
  return result;
}

}  // namespace hikae
