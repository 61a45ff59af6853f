// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/session.h"
#include "maintenance/lacking_files.h"
#include "maintenance/repair.h"

namespace hikae::cli {

// What would be done, each item with its reason; with --json one object.
void print_repair_plan(const Session& session,
                       const RepairPlan& plan,
                       const std::vector<RepairSource>& sources);

struct RepairEnd {
  const RepairReport& repaired;
  const std::vector<RepairSource>& sources;
  const CheckReport& again;                 // the check after the repair
  const std::vector<LackingFile>& lacking;  // what snapshots cannot give back now
};
// What was done, what is lost, and whether all is healed; with --json one object.
void print_repair(const Session& session, const RepairEnd& end);

}  // namespace hikae::cli
