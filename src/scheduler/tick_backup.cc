// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "policy/time_zone.h"
#include "scheduler/slot_events.h"
#include "scheduler/tick_jobs.h"
#include "service/low_space.h"
#include "service/maintain.h"
#include "service/metrics.h"
#include "service/run_log.h"
#include "service/validate_logs.h"

namespace hikae {
namespace {

// The sources that another try may help. What only a person can mend is not tried again.
std::vector<std::string> worth_repeating(const RunReport& report,
                                         const std::vector<std::string>& incomplete) {
  if (report.failure)
    return is_transient(*report.failure) ? incomplete : std::vector<std::string>();
  std::vector<std::string> repeat;
  for (const std::string& source : incomplete) {
    const bool can_help =
        std::any_of(report.outcomes.begin(), report.outcomes.end(), [&](const RunOutcome& outcome) {
          return outcome.source == source && outcome.verdict == Verdict::failed &&
                 outcome.failure && is_transient(*outcome.failure);
        });
    if (can_help) repeat.push_back(source);
  }
  return repeat;
}

std::optional<Text> next_step_of(const RunReport& report) {
  if (report.failure && report.failure->hint()) return report.failure->hint();
  for (const SourceOutcome& source : report.sources) {
    if (source.failure && source.failure->hint()) return source.failure->hint();
  }
  for (const RunOutcome& outcome : report.outcomes) {
    if (outcome.failure && outcome.failure->hint()) return outcome.failure->hint();
  }
  return std::nullopt;
}

RunOptions run_options(const TryContext& context, const DueJob& job) {
  RunOptions options;
  options.sources = job.sources;
  options.lock_options = context.options.lock_options;
  options.policy_text = context.options.policy_text;
  options.slot = job.id();
  if (const auto later = clock_went_back(context.tick)) {
    options.deletion = RunOptions::Deletion::frozen;
    options.frozen_because =
        text("service_due.clock_went_back",
             {{"later", policy::policy_time(context.tick.policy.timezone, *later)}});
  }
  return options;
}

// A run that could not begin leaves a record all the same.
void record_failure(const TryContext& context, const DueJob& job, const Error& error) {
  const Instant now = context.tick.environment.clock.now();
  Journal& journal = context.tick.journal;
  const std::string run = journal.begin_run(context.tick.policy.name, job.id(), now);
  RunLog log(context.tick.environment, context.tick.policy);
  log.begin(run, job.id());
  journal.finish_run(run, now, Verdict::failed, render(error, context.tick.policy.language));
  write_metrics(context.tick.policy, context.tick.environment, journal, {});
  log.finish(Verdict::failed, error, {});
}

EventKind kind_of(const TryContext& context, const JobResult& result) {
  const SlotRecord& slot = result.slots.front();
  if (slot.next_try) return EventKind::try_failed;
  const Verdict verdict = slot.verdict.value_or(Verdict::failed);
  if (verdict == Verdict::failed) return EventKind::failure;
  if (verdict == Verdict::partial) return EventKind::partial;
  if (result.left_out) return EventKind::left_out;
  if (trouble_before(context.tick, slot)) return EventKind::recovered;
  return verdict == Verdict::warning ? EventKind::warning : EventKind::success;
}

// What went wrong before in these groups is over: nobody need be reminded of it any more.
void quiet_reminders(const TryContext& context, const std::vector<SlotRecord>& good) {
  SlotLedger& ledger = context.tick.journal.slots();
  std::vector<SlotRecord> quiet;
  for (SlotRecord& slot : ledger.unacknowledged(context.tick.policy.name)) {
    const bool is_over = std::any_of(good.begin(), good.end(), [&](const SlotRecord& other) {
      return other.id.job == slot.id.job && other.id.group == slot.id.group;
    });
    if (!is_over || slot.reminded) continue;
    slot.reminded = context.tick.environment.clock.now();
    quiet.push_back(std::move(slot));
  }
  ledger.save(context.tick.policy.name, quiet);
}

// The slot was done before and the ledger could not be told of it (its disk was full, say): people
// know already.
bool is_old_news(const JobResult& result) {
  return result.report && result.job.number == 1 && result.verdict <= Verdict::warning &&
         !result.report->outcomes.empty() &&
         std::all_of(result.report->outcomes.begin(),
                     result.report->outcomes.end(),
                     [](const RunOutcome& outcome) { return outcome.was_sealed_before; });
}

void tell_frozen(const TryContext& context,
                 const SlotRecord& slot,
                 Instant time,
                 std::vector<Text> reasons,
                 Text next_step) {
  SlotEvent frozen = make_event(context.tick, EventKind::deletion_frozen, slot);
  frozen.time = time;
  frozen.notes = std::move(reasons);
  frozen.next_step = std::move(next_step);
  context.tell(std::move(frozen));
}

void tell_backup(const TryContext& context,
                 const JobResult& result,
                 const RunOptions& options,
                 std::optional<Text> next_step) {
  const SlotRecord& slot = result.slots.front();
  SlotEvent event = make_event(context.tick, kind_of(context, result), slot);
  event.sources = result.job.slot_sources;
  event.also = result.job.stands_for;
  event.report = result.report;
  event.next_step = std::move(next_step);
  if (result.report) event.notes = result.report->frozen;
  const Instant time = event.time;
  const auto low_space = low_space_event(event);
  context.tell(std::move(event));
  if (low_space) context.tell(*low_space);
  // Whose size left its band in this very run; later runs are reminders' business.
  std::vector<Text> anomalies;
  if (result.report) anomalies = anomalies_of(*result.report);
  if (!anomalies.empty())
    tell_frozen(context, slot, time, std::move(anomalies), text("service_logs.frozen_hint"));
  if (options.deletion == RunOptions::Deletion::frozen && !slot.next_try)
    tell_frozen(context, slot, time, {options.frozen_because}, text("service_due.clock_hint"));
}

// A prune that a backup brought about stands in journal and log like one of its own slot, unless
// there was nothing to do.
void record_prune(const TryContext& context,
                  const SlotId& slot,
                  Instant started,
                  const std::vector<DestinationResult>& results) {
  const bool has_acted = std::any_of(results.begin(), results.end(), [](const auto& one) {
    return one.failure || one.bytes_freed > 0;
  });
  if (!has_acted) return;
  const TickContext& tick = context.tick;
  const Instant finished = tick.environment.clock.now();
  RunLog log(tick.environment, tick.policy);
  const std::string run = tick.journal.begin_run(tick.policy.name, slot, started);
  log.begin(run, slot);
  for (const DestinationResult& one : results)
    log.record_result(one.destination, one.verdict, one.summary, one.failure);
  const Verdict verdict = worst_of(results);
  tick.journal.finish_run(run, finished, verdict, problems_of(results, tick.policy.language));
  keep_figures(tick.policy.name, tick.journal, observed_figures(results), finished);
  write_metrics(tick.policy, tick.environment, tick.journal, {});
  log.finish(verdict, std::nullopt, finished - started);
}

// The weekly prune comes anyhow, and others' locks are no reason to wake anybody.
bool is_only_busy(const std::vector<DestinationResult>& results) {
  return std::all_of(results.begin(), results.end(), [](const auto& one) {
    return !one.failure || is_transient(*one.failure);
  });
}

// Not where the run deleted nothing: that one is away, or has lost something, which is told.
std::vector<std::string> where_forgotten(const RunReport& report) {
  std::vector<std::string> names;
  for (const ForgottenSnapshot& one : report.forgotten) names.push_back(one.destination);
  return names;
}

// Retention has let generations go: their space is freed at once where it has become much. Returns
// what people are told of it.
Verdict prune_if_needed(const TryContext& context,
                        const JobResult& result,
                        const RunOptions& options,
                        const StopToken& stop) {
  const bool has_forgotten = result.report && !result.report->forgotten.empty();
  if (!has_forgotten || options.deletion == RunOptions::Deletion::frozen) return Verdict::ok;
  MaintenanceOptions how;
  how.only = where_forgotten(*result.report);
  how.lock_options = context.options.lock_options;
  SlotRecord slot = result.slots.front();
  slot.id.job = "prune";
  slot.id.group = "after backup";
  const Instant started = context.tick.environment.clock.now();
  try {
    const auto results = prune_destinations(
        context.tick.policy, PruneWhen::above_limit, how, context.tick.environment, stop);
    record_prune(context, slot.id, started, results);
    if (worst_of(results) == Verdict::ok || is_only_busy(results)) return Verdict::ok;
    for (const DestinationResult& one : results) {
      if (!one.failure) continue;
      const Text sentence =
          text("service_due.prune_after_failed", {{"destination", one.destination}});
      context.tick.environment.log.warning(because(sentence, *one.failure));
    }
    SlotEvent event = make_event(context.tick, EventKind::prune_failed, slot);
    event.verdict = worst_of(results);
    event.results = results;
    context.tell(std::move(event));
    return worst_of(results);
  } catch (const Error& error) {
    context.tick.environment.log.warning(because(text("service_due.prune_impossible"), error));
    return Verdict::ok;
  }
}

}  // namespace

JobResult try_backup(const TryContext& context, const DueJob& job, const StopToken& stop) {
  JobResult result;
  result.job = job;
  result.slots = begin_try(context, job);
  const RunOptions options = run_options(context, job);
  const TickContext& tick = context.tick;
  std::optional<Text> next_step;
  std::vector<std::string> repeat;
  try {
    result.report = std::make_shared<RunReport>(run_policy(
        tick.policy, options, tick.environment, tick.journal, context.observer.run, stop));
    const auto items = merged_items(tick.journal, tick.policy.name, job.id());
    result.verdict = judge_items(items, job.slot_sources);
    const bool is_all_left_out =
        result.report->failure && result.report->failure->code() == ErrorCode::skipped;
    result.left_out = is_all_left_out || left_source_out(items);
    // A hook left all of it out: nothing failed, though there is no item either.
    if (is_all_left_out) result.verdict = Verdict::warning;
    // What a run adds beyond its items: retention was frozen, a policy was not stored.
    if (result.verdict == Verdict::ok && !result.report->frozen.empty())
      result.verdict = Verdict::warning;
    repeat = worth_repeating(*result.report, incomplete_sources(items, job.slot_sources));
    next_step = next_step_of(*result.report);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::locked) {  // by hand, at this moment: it will be over
      undo_try(context, job);
      result.slots = job.slots;
      result.waits_for_other = true;
      return result;
    }
    record_failure(context, job, error);
    result.failure = error;
    result.verdict = Verdict::failed;
    if (is_transient(error)) repeat = job.sources;
    next_step = error.hint();
  }
  const auto again = repeat.empty() ? TryAgain::cannot_help : TryAgain::can_help;
  end_try(context, result.slots, {result.verdict, again, repeat, next_step});
  if (!is_old_news(result)) tell_backup(context, result, options, std::move(next_step));
  save_try(context, result.slots);
  if (result.verdict <= Verdict::warning && !result.left_out)
    quiet_reminders(context, result.slots);
  result.prune_verdict = prune_if_needed(context, result, options, stop);
  return result;
}

}  // namespace hikae
