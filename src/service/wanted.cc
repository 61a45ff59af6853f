// SPDX-License-Identifier: Apache-2.0
#include "service/wanted.h"

#include <algorithm>
#include <map>

#include "service/run_sync.h"

namespace hikae {
namespace {

// Longer than a copy that somebody still waits for.
constexpr std::chrono::hours kLongestCopy{24 * 30};

// The trees that are to be copied, by the number of the destination that they come from.
std::map<std::size_t, std::vector<BlobId>> wanted_trees(const SyncPlan& plan) {
  std::map<std::size_t, std::vector<BlobId>> wanted;
  for (const SyncStep& step : plan.steps) {
    if (step.action == SyncAction::copy)
      wanted[step.holders.front().from].push_back(step.generation.tree);
  }
  return wanted;
}

}  // namespace

void keep_for_sync(const policy::Policy& policy,
                   const std::string& destination,
                   PruneBasis& basis,
                   const Environment& environment,
                   const StopToken& stop) {
  if (policy.destinations.size() < 2) return;
  OpenRequest open;
  open.mode = AccessMode::read_only;
  open.load_index = OpenRequest::LoadIndex::no;
  std::vector<OpenDestination> opened = open_destinations(policy, open, environment, stop);
  SyncRequest request = make_sync_request(policy, {destination}, opened, environment, stop);
  const SyncPlan plan = plan_sync_with_records(request, opened, environment, stop);
  for (const auto& [number, trees] : wanted_trees(plan)) {
    OpenDestination& from = opened[number];
    try {
      from.index.emplace();
      from.repository->update_index(*from.index, from.index_files, stop);
      keep_wanted(basis, *from.repository, *from.index, trees, stop);
    } catch (const Error& error) {
      from.failure = error;
    }
  }
  const bool all_known = std::all_of(
      opened.begin(), opened.end(), [](const OpenDestination& one) { return one.is_good(); });
  if (!all_known) spare_since(basis, environment.clock.now() - kLongestCopy);
}

}  // namespace hikae
