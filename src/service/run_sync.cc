// SPDX-License-Identifier: Apache-2.0
#include "service/run_sync.h"

#include <algorithm>

#include "maintenance/lost_packs.h"
#include "service/run_parts.h"

namespace hikae {
namespace {

using Effect = SyncRunOptions::Effect;

void check_names(const policy::Policy& policy, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (policy::find_destination(policy, name) != nullptr) continue;
    std::string known;
    for (const policy::Destination& destination : policy.destinations)
      known += " " + destination.name;
    throw Error(ErrorCode::invalid_argument, text("service.unknown_destination", {{"name", name}}))
        .with_hint(text("service.known_names", {{"names", known.substr(1)}}));
  }
}

std::vector<OpenDestination> open_all(const policy::Policy& policy,
                                      const SyncRunOptions& options,
                                      const Environment& environment,
                                      const StopToken& stop) {
  OpenRequest request;
  request.lock_options = options.lock_options;
  if (options.effect == Effect::apply) {
    request.lock = LockMode::shared;
  } else {
    request.load_index = OpenRequest::LoadIndex::no;
  }
  std::vector<OpenDestination> opened = open_destinations(policy, request, environment, stop);
  const bool any = std::any_of(
      opened.begin(), opened.end(), [](const OpenDestination& open) { return open.is_good(); });
  if (!any && !opened.empty()) throw Error(*opened.front().failure);
  return opened;
}

std::vector<SnapshotRecord> own_snapshots(OpenDestination& open,
                                          const policy::Policy& policy,
                                          const Environment& environment,
                                          const StopToken& stop) {
  std::vector<SnapshotRecord> own;
  try {
    for (SnapshotRecord& record : open.repository->load_snapshots(environment.log, stop)) {
      if (belongs_to(record.snapshot, policy, environment)) own.push_back(std::move(record));
    }
  } catch (const Error& error) {
    open.failure = error;
  }
  return own;
}

// So that nothing is taken from there that is gone, nor taken for present.
void leave_out_lost_packs(std::vector<OpenDestination>& destinations, const StopToken& stop) {
  for (OpenDestination& open : destinations) {
    if (!open.is_good() || !open.index) continue;
    try {
      leave_out_lost_packs(*open.repository, *open.index, stop);
    } catch (const Error& error) {
      open.failure = error;
    }
  }
}

std::vector<RepositoryLock*> held_locks(const std::vector<OpenDestination>& destinations) {
  std::vector<RepositoryLock*> locks;
  for (const OpenDestination& open : destinations) {
    if (open.lock) locks.push_back(open.lock.get());
  }
  return locks;
}

void note_destinations(const std::vector<OpenDestination>& destinations, SyncReport& report) {
  report.destinations.clear();
  for (const OpenDestination& open : destinations)
    report.destinations.push_back({open.destination->name, open.failure});
}

void record(const SyncReport& report,
            const std::string& run,
            Language language,
            const Environment& environment,
            Journal& journal) {
  for (const SyncOutcome& outcome : report.outcomes) {
    RunItem item;
    item.source = outcome.step->source;
    item.destination = report.destinations[outcome.step->to].name;
    item.verdict = outcome.failure ? Verdict::failed : Verdict::ok;
    if (outcome.snapshot) item.snapshot = outcome.snapshot->hex();
    item.bytes_stored = outcome.bytes_moved;
    item.sealed = outcome.sealed;
    if (outcome.failure) item.message = render(*outcome.failure, language);
    journal.add_item(run, item);
  }
  journal.finish_run(run, environment.clock.now(), report.verdict, "");
}

// Where the plan is carried out, between two notes of what could be opened.
void apply(SyncReport& report,
           std::vector<OpenDestination>& destinations,
           const Environment& environment,
           const RunObserver& observer,
           const StopToken& stop) {
  SyncProgress progress(destinations.size());
  std::vector<std::string> names;
  for (const OpenDestination& open : destinations) names.push_back(open.destination->name);
  const ShownProgress shown(observer, names, progress);
  report.outcomes = apply_sync(*report.plan, destinations, {}, environment, progress, stop);
}

}  // namespace

SyncRequest make_sync_request(const policy::Policy& policy,
                              const std::vector<std::string>& targets,
                              std::vector<OpenDestination>& destinations,
                              const Environment& environment,
                              const StopToken& stop) {
  SyncRequest request{policy, {}, {}, {}, environment.clock.now()};
  for (const policy::Source& source : policy.sources) request.sources.push_back(&source);
  const std::vector<std::size_t> groups = key_groups(destinations);
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    OpenDestination& open = destinations[i];
    SyncHolding holding;
    holding.destination = open.destination;
    holding.key_group = groups[i];
    holding.is_target =
        targets.empty() ||
        std::find(targets.begin(), targets.end(), open.destination->name) != targets.end();
    if (open.is_good()) holding.snapshots = own_snapshots(open, policy, environment, stop);
    holding.is_good = open.is_good();
    request.holdings.push_back(std::move(holding));
  }
  return request;
}

Verdict judge(const SyncReport& report) {
  Verdict verdict = Verdict::ok;
  for (const SyncReport::Destination& destination : report.destinations) {
    if (destination.failure) verdict = Verdict::partial;
  }
  for (const SyncOutcome& outcome : report.outcomes) {
    if (outcome.failure) verdict = Verdict::partial;
  }
  return verdict;
}

SyncReport run_sync(const policy::Policy& policy,
                    const SyncRunOptions& options,
                    const Environment& environment,
                    Journal& journal,
                    const RunObserver& observer,
                    const SyncPlanned& planned,
                    const StopToken& stop) {
  check_names(policy, options.destinations);
  // Two that complete one destination at once would give it a generation twice.
  const auto slot_lock = SlotLock::try_acquire(environment.state_directory, policy.name, "backup");
  if (!slot_lock) {
    throw Error(ErrorCode::locked, text("service.run_under_way", {{"policy", policy.name}}))
        .with_hint(text("service.run_under_way_hint"));
  }
  std::vector<OpenDestination> destinations = open_all(policy, options, environment, stop);
  const LockKeeper keeper(held_locks(destinations), environment.log, stop);
  leave_out_lost_packs(destinations, stop);
  SyncRequest request =
      make_sync_request(policy, options.destinations, destinations, environment, stop);
  SyncReport report;
  report.plan = std::make_unique<const SyncPlan>(
      plan_sync_with_records(request, destinations, environment, stop));
  note_destinations(destinations, report);
  planned(report);
  std::string run;
  if (options.effect == Effect::apply && report.plan->has_copies()) {
    const Instant started = environment.clock.now();
    run = journal.begin_run(policy.name, {kSyncJob, "", started}, started);
    apply(report, destinations, environment, observer, stop);
  }
  note_destinations(destinations, report);
  report.verdict = judge(report);
  if (!run.empty()) record(report, run, policy.language, environment, journal);
  return report;
}

}  // namespace hikae
