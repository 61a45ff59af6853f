// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/units.h"
#include "maintenance/prune.h"
#include "service/forgotten_records.h"
#include "service/maintain.h"
#include "service/wanted.h"

namespace hikae {
namespace {

// Temporary files of killed runs: nobody writes one file for so long.
constexpr std::chrono::hours kLeftoverAge{24};
// Who moved blobs waits a while for a backup to end, rather than do so again.
constexpr std::chrono::minutes kLeastWait{10};

class Pruner {
 public:
  Pruner(const policy::Policy& policy,
         PruneWhen when,
         const MaintenanceOptions& options,
         const Environment& environment,
         const StopToken& stop)
      : policy_(policy),
        max_unused_(policy.prune.max_unused),
        when_(when),
        options_(options),
        environment_(environment),
        stop_(stop) {}

  void prune(OpenDestination& open, DestinationResult& result) {
    if (when_ == PruneWhen::above_limit && looks_tidy(open)) {
      result.summary = summary_of(result, 0);
      return;
    }
    auto lock = acquire(open, LockMode::shared, options_.lock_options);
    auto keeper = keep(*lock);
    PruneBasis basis = read_prune_basis(*open.repository, {}, environment_.clock, stop_);
    const BlobWriterOptions blobs;
    keep_for_sync(policy_, result.destination, basis, environment_, stop_);
    const PrunePlan plan = plan_of(basis);
    const bool is_wanted = when_ == PruneWhen::always || is_above_limit(plan);
    PruneRemovals removals;
    if (is_wanted && plan.changes_anything()) {
      PruneProgress progress;
      apply_prune_moves(*open.repository, basis, plan, blobs, environment_.clock, progress, stop_);
      keeper.reset();
      lock.reset();
      LockOptions patient = options_.lock_options;
      patient.retry_for = std::max<std::chrono::seconds>(patient.retry_for, kLeastWait);
      lock = acquire(open, LockMode::exclusive, patient);
      keeper = keep(*lock);
      removals = remove(open, *lock, basis, plan, progress);
    }
    if (is_wanted) tidy(open, *lock);
    result.bytes_freed = removals.bytes_freed;
    result.summary = summary_of(result, removals.bytes_freed);
  }

 private:
  static Text summary_of(const DestinationResult& result, std::uint64_t freed) {
    return text("service_due.pruned",
                {{"destination", result.destination}, {"bytes", format_bytes(freed)}});
  }

  PruneRemovals remove(const OpenDestination& open,
                       RepositoryLock& lock,
                       PruneBasis& basis,
                       const PrunePlan& plan,
                       PruneProgress& progress) const {
    return apply_prune_removals(
        *open.repository, lock, basis, plan, environment_.clock, environment_.log, progress, stop_);
  }

  void tidy(const OpenDestination& open, RepositoryLock& lock) const {
    const auto records = find_needless_records(policy_, *open.repository, environment_, stop_);
    if (!records.empty()) environment_.log.info(describe_removal(records));
    remove_records(*open.repository, lock, records, stop_);
    open.repository->backend().remove_leftovers(kLeftoverAge, stop_);
  }

  PrunePlan plan_of(const PruneBasis& basis) const {
    PruneOptions how;
    how.max_unused_percent = max_unused_ / 2;
    how.spared = basis.spared;
    return plan_prune(basis.index, basis.packs, basis.used, how, BlobWriterOptions().pack_size);
  }

  bool is_above_limit(const PrunePlan& plan) const {
    const double total = static_cast<double>(std::max<std::uint64_t>(plan.bytes_total, 1));
    return 100.0 * static_cast<double>(plan.bytes_unused) / total > max_unused_;
  }

  // Most days little is unused: look first, without a lock for which others would have to wait, and
  // without the other destinations. Nothing is done by what is seen here. Whoever changes the
  // repository meanwhile may make it unreadable for a moment; the look under a lock tells then.
  bool looks_tidy(OpenDestination& open) {
    try {
      return !is_above_limit(
          plan_of(read_prune_basis(*open.repository, {}, environment_.clock, stop_)));
    } catch (const Error&) {
      return false;
    }
  }

  std::unique_ptr<RepositoryLock> acquire(OpenDestination& open,
                                          LockMode mode,
                                          const LockOptions& options) {
    return RepositoryLock::acquire(*open.repository,
                                   mode,
                                   environment_.identity,
                                   environment_.clock,
                                   options,
                                   environment_.log,
                                   stop_);
  }

  std::unique_ptr<LockKeeper> keep(RepositoryLock& lock) {
    return std::make_unique<LockKeeper>(std::vector{&lock}, environment_.log, stop_);
  }

  const policy::Policy& policy_;
  const double max_unused_;  // per cent
  const PruneWhen when_;
  const MaintenanceOptions& options_;
  const Environment& environment_;
  const StopToken& stop_;
};

}  // namespace

std::vector<DestinationResult> prune_destinations(const policy::Policy& policy,
                                                  PruneWhen when,
                                                  const MaintenanceOptions& options,
                                                  const Environment& environment,
                                                  const StopToken& stop) {
  OpenRequest request;
  request.load_index = OpenRequest::LoadIndex::no;
  for (const policy::Destination& destination : policy.destinations) {
    const auto& only = options.only;
    const bool is_asked_for =
        only.empty() || std::find(only.begin(), only.end(), destination.name) != only.end();
    if (destination.may_delete && is_asked_for) request.only.push_back(destination.name);
  }
  std::vector<DestinationResult> results;
  if (request.only.empty()) return results;
  Pruner pruner(policy, when, options, environment, stop);
  for (OpenDestination& open : open_destinations(policy, request, environment, stop)) {
    DestinationResult result;
    result.destination = open.destination->name;
    try {
      if (open.failure) throw Error(*open.failure);
      pruner.prune(open, result);
    } catch (const Error& error) {
      result.verdict = Verdict::failed;
      result.failure = error;
      result.summary = text("service_due.prune_failed", {{"destination", result.destination}});
    }
    if (open.repository) result.space = open.repository->backend().space();
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace hikae
