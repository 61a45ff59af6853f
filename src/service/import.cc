// SPDX-License-Identifier: Apache-2.0
#include "service/import.h"

#include <algorithm>

#include "policy/time_zone.h"
#include "repository/lock.h"
#include "repository/snapshots.h"
#include "source/files_source.h"

namespace hikae {
namespace {

using survey::OldCopy;

Instant instant_of(const format::Timestamp& time) {
  return Instant(std::chrono::seconds(time.seconds));
}

bool has_tag(const format::Snapshot& snapshot, std::string_view tag) {
  return std::find(snapshot.tags.begin(), snapshot.tags.end(), tag) != snapshot.tags.end();
}

class Import {
 public:
  Import(const policy::Policy& policy,
         const ImportRequest& request,
         const Environment& environment,
         const ImportObserver& observer,
         const StopToken& stop)
      : policy_(policy),
        request_(request),
        environment_(environment),
        observer_(observer),
        stop_(stop) {}

  ImportReport run() && {
    const std::vector<OldCopy> copies = survey::find_old_copies(request_.folder);
    open();
    std::vector<RepositoryLock*> locks;
    for (const OpenDestination& open : destinations_) {
      if (open.is_good() && open.lock) locks.push_back(open.lock.get());
    }
    const LockKeeper keeper(locks, environment_.log, stop_);
    plan(copies);
    if (observer_.planned) observer_.planned(report_.plan);
    if (request_.mode == ImportMode::apply) {
      for (std::size_t i = 0; i < report_.plan.items.size(); ++i) apply(i);
    }
    return std::move(report_);
  }

 private:
  void open() {
    OpenRequest request;
    request.only = request_.destinations;
    const bool writes = request_.mode == ImportMode::apply;
    request.mode = writes ? AccessMode::read_write : AccessMode::read_only;
    if (writes) request.lock = LockMode::shared;
    destinations_ = open_destinations(policy_, request, environment_, stop_);
  }

  void plan(const std::vector<OldCopy>& copies) {
    std::vector<std::pair<std::string, std::vector<SnapshotRecord>>> known;
    for (OpenDestination& open : destinations_) {
      if (open.is_good()) {
        try {
          known.emplace_back(open.destination->name,
                             open.repository->load_snapshots(environment_.log, stop_));
        } catch (const Error& error) {
          open.failure = error;
        }
      }
      if (open.failure) report_.plan.failures.emplace_back(open.destination->name, *open.failure);
    }
    report_.plan.items = plan_import(copies, policy_, environment_.identity.hostname, known);
  }

  BackupPlan plan_of(const ImportItem& item) const {
    BackupPlan plan;
    plan.identity = environment_.identity;
    plan.time = format::to_timestamp(item.time);
    plan.time.offset = environment_.local_offset(plan.time.seconds);
    plan.tags = {std::string(kImportedTag) + policy_.name, std::string(kUnverifiedTag)};
    if (item.copy.condition == OldCopy::Condition::hollow) plan.tags.emplace_back(kHollowTag);
    plan.unreadable_tag_prefix = kUnreadableTag;
    plan.program_version = environment_.program_version;
    // Old copies are read once in their life; a slow destination is waited for.
    plan.blobs.lag.grace = std::chrono::hours(24);
    return plan;
  }

  void apply(std::size_t number) {
    const ImportItem& item = report_.plan.items[number];
    if (item.copy.condition == OldCopy::Condition::empty || item.missing.empty()) return;
    std::vector<BackupTarget> targets;
    std::vector<OpenDestination*> opened;
    for (OpenDestination& open : destinations_) {
      const bool lacks =
          std::find(item.missing.begin(), item.missing.end(), open.destination->name) !=
          item.missing.end();
      if (!open.is_good() || !lacks) continue;
      targets.push_back({open.repository.get(), &*open.index, open.lock.get(), std::nullopt});
      opened.push_back(&open);
    }
    if (targets.empty()) return;
    try {
      store(number, item, targets, opened);
    } catch (const Error& error) {
      if (observer_.ends) observer_.ends();
      for (const OpenDestination* open : opened)
        report_.outcomes.push_back({number, open->destination->name, std::nullopt, error});
    }
  }

  void store(std::size_t number,
             const ImportItem& item,
             const std::vector<BackupTarget>& targets,
             const std::vector<OpenDestination*>& opened) {
    FilesOptions options;
    options.paths = {item.copy.path};
    options.working_directory = environment_.working_directory;
    const std::unique_ptr<Source> source = make_files_source(std::move(options));
    BackupProgress progress;
    if (observer_.begins) observer_.begins(item.copy.path, progress);
    const BackupReport report = run_backup(
        *source, targets, plan_of(item), environment_.clock, progress, environment_.log, stop_);
    if (observer_.ends) observer_.ends();
    report_.unreadable += report.item_error_count;
    for (std::size_t i = 0; i < opened.size(); ++i) {
      const DestinationOutcome& outcome = report.destinations[i];
      report_.outcomes.push_back(
          {number, opened[i]->destination->name, outcome.snapshot, outcome.failure});
      // The next copy shares most of its data with this one.
      if (outcome.snapshot)
        opened[i]->repository->update_index(*opened[i]->index, opened[i]->index_files, stop_);
    }
  }

  const policy::Policy& policy_;
  const ImportRequest& request_;
  const Environment& environment_;
  const ImportObserver& observer_;
  const StopToken& stop_;
  std::vector<OpenDestination> destinations_;
  ImportReport report_;
};

}  // namespace

std::vector<ImportItem> plan_import(
    const std::vector<OldCopy>& copies,
    const policy::Policy& policy,
    const std::string& hostname,
    const std::vector<std::pair<std::string, std::vector<SnapshotRecord>>>& destinations) {
  const policy::TimeZone zone = policy::TimeZone::named(policy.timezone);
  std::vector<ImportItem> items;
  for (const OldCopy& copy : copies) {
    // Only the day is known: noon is right in no zone by more than half a day.
    const auto day = std::chrono::local_days(copy.name.day);
    ImportItem item{copy, zone.to_instant(policy::LocalTime(day) + std::chrono::hours(12)), {}};
    for (const auto& [name, snapshots] : destinations) {
      const bool is_there =
          std::any_of(snapshots.begin(), snapshots.end(), [&](const SnapshotRecord& record) {
            const format::Snapshot& snapshot = record.snapshot;
            return snapshot.hostname == hostname &&
                   has_tag(snapshot, std::string(kImportedTag) + policy.name) &&
                   snapshot.paths == std::vector<std::string>{copy.path} &&
                   instant_of(snapshot.time) == item.time;
          });
      if (!is_there) item.missing.push_back(name);
    }
    items.push_back(std::move(item));
  }
  return items;
}

ImportReport import_copies(const policy::Policy& policy,
                           const ImportRequest& request,
                           const Environment& environment,
                           const ImportObserver& observer,
                           const StopToken& stop) {
  return Import(policy, request, environment, observer, stop).run();
}

}  // namespace hikae
