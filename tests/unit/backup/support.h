// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "repository/snapshots.h"
#include "support/backup_kit.h"
#include "support/memory_destination.h"
#include "support/nasty_tree.h"
#include "support/scripted_source.h"

namespace hikae::testing {

using State = DestinationOutcome::State;

// Backups of a scripted source into repositories in memory, each with the tree of the one before as
// its parent.
class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    kit.plan.blobs.pack_size = 64 * 1024;
    kit.plan.workers = 3;
  }

  BackupReport back_up(const std::vector<MemoryDestination*>& to) {
    kit.repositories.clear();
    for (MemoryDestination* destination : to)
      kit.repositories.push_back(&destination->repository());
    BackupReport report = kit.run(source);
    kit.plan.parent_tree = report.tree;
    return report;
  }
  BackupReport back_up() { return back_up({&destinations.first}); }

  // What the destination's snapshot holds.
  static std::map<std::string, std::string> contents(MemoryDestination& destination,
                                                     const BackupReport& report) {
    return read_contents(destination.repository(), report.tree);
  }
  static bool has_snapshot(MemoryDestination& destination) {
    return !destination.names(FileType::snapshot).empty();
  }
  // Paths that were opened for reading since the last call, sorted.
  std::vector<std::string> opened() {
    std::vector<std::string> paths = source.take_opened();
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  MemoryDestinations& destinations = MemoryDestinations::fresh();
  ScriptedSource source;
  BackupKit kit;
};

}  // namespace hikae::testing
