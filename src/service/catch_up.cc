// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "service/run_parts.h"
#include "service/sync.h"

namespace hikae {
namespace {

// So that nothing is sent again that a detached destination has stored.
void index_what_is_stored(RunContext& run, const StopToken& stop) {
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    OpenDestination& open = run.destinations[i];
    const auto packs = std::exchange(run.progress[i].unindexed, {});
    if (packs.empty() || !open.is_good()) continue;
    try {
      open.repository->save_unpacked(FileType::index, format::encode_index(packs), stop);
    } catch (const Error& error) {
      open.failure = error;
    }
  }
}

SyncRequest make_request(const RunContext& run) {
  SyncRequest request{run.policy, run.sources, {}, {}, run.environment.clock.now()};
  const std::vector<std::size_t> groups = key_groups(run.destinations);
  for (std::size_t i = 0; i < run.destinations.size(); ++i) {
    SyncHolding holding;
    holding.destination = run.destinations[i].destination;
    holding.is_good = run.destinations[i].is_good();
    holding.key_group = groups[i];
    holding.snapshots = run.snapshots[i];
    request.holdings.push_back(std::move(holding));
  }
  for (const auto& [source, snapshot] : run.made) request.made_now.insert(generation_of(snapshot));
  return request;
}

RunOutcome* find_outcome(RunContext& run, const SyncOutcome& done) {
  const auto made = run.made.find(done.step->source);
  if (made == run.made.end() || generation_of(made->second) != done.step->generation)
    return nullptr;
  const std::string& destination = run.destinations[done.step->to].destination->name;
  for (RunOutcome& outcome : run.report.outcomes) {
    if (outcome.source == done.step->source && outcome.destination == destination) return &outcome;
  }
  return nullptr;
}

Filling filling_of(const RunContext& run, const SyncOutcome& done) {
  Filling filling;
  filling.bytes_done = done.bytes_present + done.bytes_moved;
  filling.bytes_total = filling.bytes_done + done.bytes_left;
  const policy::Source* source = policy::find_source(run.policy, done.step->source);
  const std::string& words = policy::backup_schedule_of(run.policy, *source);
  if (words.empty()) return filling;
  const policy::TimeZone zone = run.policy.timezone.empty()
                                    ? policy::TimeZone::utc()
                                    : policy::TimeZone::named(run.policy.timezone);
  filling.expected = expect_completion(done.bytes_left,
                                       done.bytes_moved,
                                       policy::parse_schedule(words, zone),
                                       run.environment.clock.now());
  return filling;
}

// A generation of this very run.
void take_into(RunContext& run, const SyncOutcome& done, RunOutcome& outcome) {
  outcome.failure = done.failure;
  outcome.bytes_stored += done.bytes_moved;
  outcome.snapshot = done.snapshot;
  outcome.sealed = done.sealed;
  outcome.caught_up = outcome.read_back = done.snapshot.has_value();
  if (done.is_out_of_time) outcome.filling = filling_of(run, done);
}

// An earlier one: today's does not depend on it, but that it is still missing must be said.
void take_earlier(RunContext& run, const SyncOutcome& done) {
  const SyncStep& step = *done.step;
  const std::string& to = run.destinations[step.to].destination->name;
  if (done.snapshot) {
    run.report.caught_up.push_back({step.source,
                                    run.destinations[done.from].destination->name,
                                    to,
                                    step.generation.time,
                                    *done.snapshot,
                                    done.sealed,
                                    done.bytes_moved});
  } else if (done.failure) {
    run.report.frozen.push_back(
        because(text("service.catch_up_failed", {{"destination", to}, {"source", step.source}}),
                *done.failure));
  } else {
    run.report.frozen.push_back(
        text("service.catch_up_later", {{"destination", to}, {"source", step.source}}));
  }
}

void take_over(RunContext& run, std::vector<SyncOutcome> outcomes) {
  for (SyncOutcome& done : outcomes) {
    run.progress[done.step->to].needed.merge(done.needed);
    if (RunOutcome* outcome = find_outcome(run, done)) {
      take_into(run, done, *outcome);
    } else {
      take_earlier(run, done);
    }
  }
}

// What nobody could complete must not look as if it were still to come.
void fail_the_rest(RunContext& run) {
  for (RunOutcome& outcome : run.report.outcomes) {
    if (outcome.snapshot || outcome.failure || outcome.filling) continue;
    for (const OpenDestination& open : run.destinations) {
      if (open.destination->name == outcome.destination) outcome.failure = open.failure;
    }
    if (!outcome.failure)
      outcome.failure = Error(ErrorCode::not_found, text("service.no_source_for_catch_up"));
  }
}

std::vector<std::string> names_of(const RunContext& run) {
  std::vector<std::string> names;
  for (const OpenDestination& open : run.destinations) names.push_back(open.destination->name);
  return names;
}

}  // namespace

void catch_up(RunContext& run, std::chrono::steady_clock::time_point until, const StopToken& stop) {
  index_what_is_stored(run, stop);
  SyncRequest request = make_request(run);
  const SyncPlan plan = plan_sync_with_records(request, run.destinations, run.environment, stop);
  if (plan.has_copies()) {
    SyncProgress progress(run.destinations.size());
    const ShownProgress shown(run.observer, names_of(run), progress);
    take_over(run, apply_sync(plan, run.destinations, {until}, run.environment, progress, stop));
  }
  fail_the_rest(run);
}

}  // namespace hikae
