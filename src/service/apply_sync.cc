// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "backup/pipeline.h"
#include "maintenance/copy.h"
#include "maintenance/lost_packs.h"
#include "service/proof.h"
#include "service/sync.h"

namespace hikae {
namespace {

// One destination that is being completed. Its steps are done one after another by one thread.
class Completion {
 public:
  Completion(std::vector<OpenDestination>& destinations,
             std::size_t to,
             Index& to_index,
             const SyncOptions& options,
             const Environment& environment,
             SyncProgress::Lane& progress)
      : destinations_(destinations),
        to_(destinations[to]),
        to_index_(to_index),
        options_(options),
        environment_(environment),
        progress_(progress) {}

  void complete(SyncOutcome& outcome, const StopToken& stop) {
    for (const SyncStep::Holder& holder : outcome.step->holders) {
      if (is_over_) {
        outcome.is_out_of_time = true;
        return;
      }
      outcome.from = holder.from;
      outcome.failure.reset();
      try {
        copy_from(holder, outcome, stop);
        return;
      } catch (Error& error) {
        error.add_context(text("service.destination", {{"name", to_.destination->name}}));
        outcome.failure = error;
      }
    }
  }

 private:
  void copy_from(const SyncStep::Holder& holder, SyncOutcome& outcome, const StopToken& stop) {
    OpenDestination& from = destinations_[holder.from];
    const CopySource source{from.repository.get(), &*from.index};
    const BlobId& tree = outcome.step->generation.tree;
    const CopyPlan plan = plan_copy(source, *to_.repository, to_index_, {tree}, stop);
    progress_.bytes_planned += plan.bytes;
    outcome.bytes_present = plan.bytes_present;
    CopyOptions options;
    options.until = options_.until;
    const std::uint64_t before = progress_.bytes_moved;
    const CopyEnd end = copy(source, plan, options, stop);
    outcome.bytes_moved = progress_.bytes_moved - before;
    outcome.bytes_left = plan.bytes - std::min(plan.bytes, outcome.bytes_moved);
    to_.repository->update_index(to_index_, to_.index_files, stop);
    if (end == CopyEnd::out_of_time) {
      is_over_ = outcome.is_out_of_time = true;
      return;
    }
    // What was lost there before counts as lacking, and what was sent must be listed.
    leave_out_lost_packs(*to_.repository, to_index_, stop);
    outcome.needed = prove_tree(*to_.repository, to_index_, tree, to_.destination->name, stop);
    // The generation can be had from here but for the file that names it.
    const SnapshotId snapshot = seal(holder.record, stop);
    to_.repository->load_unpacked(FileType::snapshot, snapshot.hex(), stop);
    outcome.snapshot = snapshot;
    outcome.sealed = environment_.clock.now();
  }

  CopyEnd copy(const CopySource& source,
               const CopyPlan& plan,
               const CopyOptions& options,
               const StopToken& stop) {
    return apply_copy(source,
                      *to_.repository,
                      to_index_,
                      plan,
                      options,
                      environment_.clock,
                      progress_.bytes_moved,
                      stop);
  }

  SnapshotId seal(const SnapshotRecord& record, const StopToken& stop) const {
    format::Snapshot snapshot = record.snapshot;
    // As restic's copy does: the id of its first incarnation stays findable.
    if (!snapshot.original) snapshot.original = record.id;
    BackupTarget target;
    target.repository = to_.repository.get();
    target.lock = to_.lock.get();
    return seal_snapshot(target, std::move(snapshot), stop);
  }

  std::vector<OpenDestination>& destinations_;
  OpenDestination& to_;
  Index& to_index_;
  const SyncOptions& options_;
  const Environment& environment_;
  SyncProgress::Lane& progress_;
  bool is_over_ = false;
};

// The outcomes of each destination, by its number.
using Work = std::vector<std::vector<SyncOutcome*>>;

bool is_copied_from(const std::vector<SyncOutcome>& outcomes, std::size_t number) {
  return std::any_of(outcomes.begin(), outcomes.end(), [&](const SyncOutcome& outcome) {
    const auto& holders = outcome.step->holders;
    return std::any_of(holders.begin(), holders.end(), [&](const SyncStep::Holder& holder) {
      return holder.from == number;
    });
  });
}

void refresh_indexes(std::vector<OpenDestination>& destinations, const StopToken& stop) {
  for (OpenDestination& open : destinations) {
    if (!open.is_good()) continue;
    try {
      open.repository->update_index(*open.index, open.index_files, stop);
    } catch (const Error& error) {
      open.failure = error;
    }
  }
}

}  // namespace

std::vector<SyncOutcome> apply_sync(const SyncPlan& plan,
                                    std::vector<OpenDestination>& destinations,
                                    const SyncOptions& options,
                                    const Environment& environment,
                                    SyncProgress& progress,
                                    const StopToken& stop) {
  std::vector<SyncOutcome> outcomes;
  for (const SyncStep& step : plan.steps) {
    if (step.action != SyncAction::copy) continue;
    outcomes.emplace_back();
    outcomes.back().step = &step;
  }
  if (outcomes.empty()) return outcomes;
  refresh_indexes(destinations, stop);
  Work work(destinations.size());
  for (SyncOutcome& outcome : outcomes) {
    const OpenDestination& to = destinations[outcome.step->to];
    if (to.is_good()) {
      work[outcome.step->to].push_back(&outcome);
    } else {
      outcome.failure = to.failure;
    }
  }
  // An index has many readers or one writer: a destination that is read from and written to at once
  // gets a second one for its own progress.
  std::vector<std::optional<Index>> own_indexes(destinations.size());
  TaskGroup tasks(stop);
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (work[i].empty()) continue;
    if (is_copied_from(outcomes, i)) own_indexes[i] = *destinations[i].index;
    Index& index = own_indexes[i] ? *own_indexes[i] : *destinations[i].index;
    tasks.spawn("sync", [&, i, to_index = &index](const StopToken& group) {
      Completion completion(destinations, i, *to_index, options, environment, progress.lanes[i]);
      for (SyncOutcome* outcome : work[i]) completion.complete(*outcome, group);
    });
  }
  tasks.join();
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (own_indexes[i]) destinations[i].index = std::move(own_indexes[i]);
  }
  return outcomes;
}

std::vector<std::size_t> key_groups(const std::vector<OpenDestination>& destinations) {
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    std::size_t group = i;
    for (std::size_t other = 0; other < i; ++other) {
      if (!destinations[i].repository || !destinations[other].repository) continue;
      if (same_master_key(*destinations[i].repository, *destinations[other].repository)) {
        group = groups[other];
        break;
      }
    }
    groups.push_back(group);
  }
  return groups;
}

std::set<GenerationKey> load_forgotten(Repository& repository, Log& log, const StopToken& stop) {
  std::vector<std::string> names;
  repository.backend().list(
      FileType::forgotten, [&](const FileInfo& file) { names.push_back(file.name); }, stop);
  std::set<GenerationKey> forgotten;
  for (const std::string& name : names) {
    try {
      forgotten.insert(generation_of(
          format::decode_snapshot(repository.load_unpacked(FileType::forgotten, name, stop))));
    } catch (const Error& error) {
      // At worst a generation that was dropped comes back, which loses nothing.
      if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::not_found) throw;
      log.warning(because(
          text("service.forgotten_unreadable", {{"file", "hikae/forgotten/" + name}}), error));
    }
  }
  return forgotten;
}

SyncPlan plan_sync_with_records(SyncRequest& request,
                                std::vector<OpenDestination>& destinations,
                                const Environment& environment,
                                const StopToken& stop) {
  const SyncPlan first = plan_sync(request);
  std::set<std::size_t> targets;
  for (const SyncStep& step : first.steps) {
    if (step.action == SyncAction::copy && !request.made_now.contains(step.generation))
      targets.insert(step.to);
  }
  for (const std::size_t number : targets) {
    OpenDestination& open = destinations[number];
    try {
      request.holdings[number].forgotten = load_forgotten(*open.repository, environment.log, stop);
    } catch (const Error& error) {
      // What was dropped there is not known: nothing may be brought there.
      open.failure = error;
      request.holdings[number].is_good = false;
    }
  }
  return targets.empty() ? first : plan_sync(request);
}

}  // namespace hikae
