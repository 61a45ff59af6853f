// SPDX-License-Identifier: Apache-2.0
// Takes copies that scripts made over as generations.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "backup/pipeline.h"
#include "policy/policy.h"
#include "service/destinations.h"
#include "survey/old_copies.h"

namespace hikae {

// Tags of an imported snapshot. It has no kPolicyTag: no rule counts it and none deletes it.
inline constexpr std::string_view kImportedTag = "hikae:imported=";  // the policy's name
inline constexpr std::string_view kUnverifiedTag = "hikae:unverified";
inline constexpr std::string_view kHollowTag = "hikae:hollow";

struct ImportItem {
  survey::OldCopy copy;
  Instant time;                      // noon of its day in the policy's zone
  std::vector<std::string> missing;  // destinations that do not hold it yet
};
struct ImportPlan {
  std::vector<ImportItem> items;  // oldest first; empty copies among them, which are never imported
  // Destinations that could not be opened.
  std::vector<std::pair<std::string, Error>> failures;
};
// What is to be imported of `copies`: pure, given the snapshots that each destination holds. One is
// there already when a snapshot of this host with the imported tag has its path and its day.
std::vector<ImportItem> plan_import(
    const std::vector<survey::OldCopy>& copies,
    const policy::Policy& policy,
    const std::string& hostname,
    const std::vector<std::pair<std::string, std::vector<SnapshotRecord>>>& destinations);

struct ImportOutcome {
  std::size_t item = 0;  // in the plan
  std::string destination;
  std::optional<SnapshotId> snapshot;
  std::optional<Error> failure;
};
struct ImportReport {
  ImportPlan plan;
  std::vector<ImportOutcome> outcomes;
  std::uint64_t unreadable = 0;  // items that could not be read, over all copies
};

enum class ImportMode { plan_only, apply };
struct ImportRequest {
  std::string folder;
  std::vector<std::string> destinations;  // names; empty: all
  ImportMode mode = ImportMode::apply;
};
struct ImportObserver {
  std::function<void(const ImportPlan& plan)> planned;  // before anything is written
  std::function<void(const std::string& name, BackupProgress& progress)> begins;
  std::function<void()> ends;
};
// Reads each copy once and stores it in every destination that lacks it. Repeatable: what is there
// is passed over. The copies themselves are left as they are. Throws Error when the folder cannot
// be read, and what open_destinations() throws; every other failure is data.
ImportReport import_copies(const policy::Policy& policy,
                           const ImportRequest& request,
                           const Environment& environment,
                           const ImportObserver& observer,
                           const StopToken& stop);

}  // namespace hikae
