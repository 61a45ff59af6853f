// SPDX-License-Identifier: Apache-2.0
// Which destination gets which generation from which other one, and the copying. The run's catch-up
// and "hikae sync" are this.
#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "policy/policy.h"
#include "repository/snapshots.h"
#include "service/destinations.h"

namespace hikae {

// One generation of a source, whatever id its snapshot has in each destination.
struct GenerationKey {
  Instant time;
  BlobId tree;
  auto operator<=>(const GenerationKey&) const = default;
};
GenerationKey generation_of(const format::Snapshot& snapshot);

// What one destination holds.
struct SyncHolding {
  const policy::Destination* destination = nullptr;
  // Neither copied from nor to when false.
  bool is_good = true;
  // Copied to; the others are copied from only.
  bool is_target = true;
  std::size_t key_group = 0;              // equal where the master key is the same
  std::vector<SnapshotRecord> snapshots;  // of this policy and host
  std::set<GenerationKey> forgotten;      // that somebody or a rule has dropped here
};

struct SyncRequest {
  const policy::Policy& policy;
  std::vector<const policy::Source*> sources;
  std::vector<SyncHolding> holdings;  // in the policy's order
  // Of this very run: every destination gets them, as it would have without being slow or away.
  std::set<GenerationKey> made_now;
  Instant now;
};

enum class SyncAction {
  present,
  copy,
  forgotten,  // was dropped there: it must not come back
  not_kept,   // the destination's own retention would drop it at once
};
std::string_view to_string(SyncAction action);

// The decision on one generation in one destination.
struct SyncStep {
  std::string source;
  GenerationKey generation;
  std::size_t to = 0;  // number of the holding
  SyncAction action = SyncAction::present;
  Text reason;
  struct Holder {
    std::size_t from = 0;
    SnapshotRecord record;
  };
  std::vector<Holder> holders;  // for a copy: where to take it from, best first; at least one
};

struct SyncPlan {
  std::vector<SyncStep> steps;  // newest first; equal times by source, then by destination
  bool has_copies() const;
};

// Pure. A generation that is missing in a good target is copied when that destination's own
// retention, over all generations that it or another one holds and that were not dropped there,
// keeps it. Deletes nothing, and after apply_sync() a plan has no copies, nor would retention drop
// what was copied.
SyncPlan plan_sync(const SyncRequest& request);

// How far it is, per holding; written by the threads that copy, read by whoever shows it.
struct SyncProgress {
  explicit SyncProgress(std::size_t holdings) : lanes(holdings) {}
  struct Lane {
    std::atomic<std::uint64_t> bytes_planned{0};
    std::atomic<std::uint64_t> bytes_moved{0};
  };
  std::vector<Lane> lanes;
};

// What became of one step with SyncAction::copy.
struct SyncOutcome {
  const SyncStep* step = nullptr;      // of the plan
  std::size_t from = 0;                // number of the holding that was copied from, or tried last
  std::optional<SnapshotId> snapshot;  // sealed, and read back from there with all that it needs
  std::unordered_set<PackId> needed;   // by it
  std::optional<Instant> sealed;
  std::optional<Error> failure;
  // The time was over: what was copied is indexed, and the next time goes on there.
  bool is_out_of_time = false;
  std::uint64_t bytes_present = 0;  // of this generation, that it had before
  std::uint64_t bytes_moved = 0;
  std::uint64_t bytes_left = 0;  // unknown, 0, when it was not begun
};

struct SyncOptions {
  std::optional<std::chrono::steady_clock::time_point> until;  // as CopyOptions::until
};

// Carries the plan out: all destinations at once, each newest first. A holder that fails is
// replaced by the next; a step that fails leaves the others good. A snapshot is sealed when all
// that it needs was proved to be there, under the destinations' locks, which the caller keeps.
// `destinations` are those of the holdings, opened with their indexes, which are current on return.
// Throws Cancelled only.
std::vector<SyncOutcome> apply_sync(const SyncPlan& plan,
                                    std::vector<OpenDestination>& destinations,
                                    const SyncOptions& options,
                                    const Environment& environment,
                                    SyncProgress& progress,
                                    const StopToken& stop);

// Equal numbers for destinations with one master key; those that are not open have none in common.
std::vector<std::size_t> key_groups(const std::vector<OpenDestination>& destinations);

// Reads hikae/forgotten/. Records that cannot be read are left out and told to the log.
std::set<GenerationKey> load_forgotten(Repository& repository, Log& log, const StopToken& stop);

// Fills in `forgotten` where the plan depends on it, so that its many files are read only then, and
// plans again.
SyncPlan plan_sync_with_records(SyncRequest& request,
                                std::vector<OpenDestination>& destinations,
                                const Environment& environment,
                                const StopToken& stop);

}  // namespace hikae
