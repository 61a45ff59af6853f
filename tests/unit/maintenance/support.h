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

  static PruneBasis basis(MemoryDestination& destination) {
    return read_prune_basis(destination.repository(), {}, SystemClock(), StopToken());
  }
  static PrunePlan plan(const PruneBasis& basis, const PruneOptions& options = PruneOptions()) {
    return plan_prune(basis.index, basis.packs, basis.used, options, kPackSize);
  }
  static PrunePlan plan(MemoryDestination& destination,
                        const PruneOptions& options = PruneOptions()) {
    return plan(basis(destination), options);
  }
  static void move(MemoryDestination& destination, const PruneBasis& basis, const PrunePlan& plan) {
    PruneProgress progress;
    BlobWriterOptions writing;
    writing.pack_size = kPackSize;
    apply_prune_moves(
        destination.repository(), basis, plan, writing, SystemClock(), progress, StopToken());
  }
  static PruneRemovals remove(MemoryDestination& destination,
                              PruneBasis& basis,
                              const PrunePlan& plan) {
    const SystemClock clock;
    const auto lock = lock_exclusively(destination.repository(), clock);
    PruneProgress progress;
    NullLog log;
    return apply_prune_removals(
        destination.repository(), *lock, basis, plan, clock, log, progress, StopToken());
  }
  static PrunePlan prune(MemoryDestination& destination,
                         const PruneOptions& options = PruneOptions()) {
    PruneBasis from = basis(destination);
    PrunePlan result = plan(from, options);
    if (!result.changes_anything()) return result;
    move(destination, from, result);
    remove(destination, from, result);
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
