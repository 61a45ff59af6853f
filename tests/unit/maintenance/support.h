// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "maintenance/check.h"
#include "maintenance/check_packs.h"
#include "maintenance/forget.h"
#include "maintenance/prune.h"
#include "repository/snapshots.h"
#include "support/backup_kit.h"
#include "support/memory_destination.h"
#include "support/nasty_tree.h"
#include "support/scripted_source.h"

namespace hikae::testing {

// Generations of a scripted source in repositories in memory, in small packs.
class MaintenanceTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kPackSize = 64 * 1024;

  MaintenanceTest() {
    kit.plan.blobs.pack_size = kPackSize;
    kit.plan.workers = 2;
  }

  BackupReport back_up(MemoryDestination& to) {
    kit.repositories = {&to.repository()};
    BackupReport report = kit.run(source);
    kit.plan.parent_tree = report.tree;
    return report;
  }
  BackupReport back_up() { return back_up(destinations.first); }

  // Three generations: some files stay, some change, some go.
  void make_generations() {
    for (unsigned i = 0; i < 10; ++i)
      source.file("stays/" + std::to_string(i), random_text(9'000 + i, i));
    for (unsigned generation = 1; generation <= 3; ++generation) {
      for (unsigned i = 0; i < 6; ++i) {
        const std::string number = std::to_string(i);
        source.file("changes/" + number).write(random_text(12'000 + i, generation * 100 + i));
        source.remove("goes/" + number + "-" + std::to_string(generation - 1));
        source.file("goes/" + number + "-" + std::to_string(generation),
                    random_text(7'000, generation * 1000 + i));
      }
      back_up();
    }
  }

  static std::vector<SnapshotRecord> snapshots(MemoryDestination& destination) {
    NullLog log;
    return destination.repository().load_snapshots(log, StopToken());
  }
  static void forget(MemoryDestination& destination, const std::vector<SnapshotRecord>& records) {
    const SystemClock clock;
    const auto lock = lock_exclusively(destination.repository(), clock);
    apply_forget(
        destination.repository(), *lock, records, [](const SnapshotRecord&) {}, StopToken());
  }

  static PrunePlan plan(MemoryDestination& destination,
                        const Index& index,
                        const PruneOptions& options = PruneOptions()) {
    Repository& repository = destination.repository();
    const auto files = list_packs(repository, StopToken());
    std::vector<BlobId> roots;
    for (const SnapshotRecord& record : snapshots(destination))
      roots.push_back(record.snapshot.tree);
    const auto used = find_used_blobs(repository, index, files, roots, StopToken());
    return plan_prune(index, files, used, options, kPackSize);
  }
  static PrunePlan prune(MemoryDestination& destination,
                         const PruneOptions& options = PruneOptions()) {
    Repository& repository = destination.repository();
    const SystemClock clock;
    const auto lock = lock_exclusively(repository, clock);
    const Index index = repository.load_index(StopToken());
    PrunePlan result = plan(destination, index, options);
    PruneProgress progress;
    BlobWriterOptions writing;
    writing.pack_size = kPackSize;
    apply_prune(repository, *lock, index, result, writing, clock, progress, StopToken());
    return result;
  }

  static CheckReport check(MemoryDestination& destination) {
    CheckOptions options;
    options.read_data = PackSubset();
    CheckProgress progress;
    return run_check(destination.repository(), options, progress, StopToken());
  }
  // Without reading packs.
  static CheckReport check_structure(MemoryDestination& destination) {
    CheckProgress progress;
    return run_check(destination.repository(), CheckOptions(), progress, StopToken());
  }
  static std::vector<std::string> keys(const CheckReport& report) {
    std::vector<std::string> result;
    for (const CheckFinding& finding : report.findings) result.push_back(finding.message.key);
    return result;
  }
  // For messages of failed tests.
  static std::string describe(const CheckReport& report) {
    std::string lines;
    for (const CheckFinding& finding : report.findings)
      lines += render(finding.message, Language::en) + "\n";
    return lines;
  }

  MemoryDestinations& destinations = MemoryDestinations::fresh();
  MemoryDestination& destination = destinations.first;
  ScriptedSource source;
  BackupKit kit;
};

}  // namespace hikae::testing
