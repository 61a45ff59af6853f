// SPDX-License-Identifier: Apache-2.0
// The parts of a run, in the order in which run_policy() calls them. Each works on what the ones
// before left in the report, and puts every failure there as data.
#pragma once

#include <map>
#include <set>
#include <unordered_set>

#include "repository/snapshots.h"
#include "service/own_snapshots.h"
#include "service/run.h"

namespace hikae {

// What a run knows of one of its destinations beyond how it is opened.
struct DestinationProgress {
  // A source was too much for it: the sources that follow do not wait for it either.
  bool detached = false;
  std::vector<format::IndexedPack> unindexed;  // stored there, and named by no index yet
  std::unordered_set<PackId> needed;           // packs that generations proved by this run need
  std::size_t lost_packs = 0;                  // that were gone before the run
};

struct RunContext {
  const policy::Policy& policy;
  const RunOptions& options;
  const Environment& environment;
  Journal& journal;
  const RunObserver& observer;
  std::vector<const policy::Source*> sources;
  std::vector<OpenDestination> destinations;
  std::vector<std::vector<SnapshotRecord>>
      snapshots;  // of each destination, of this policy and host
  RunReport report;
  std::vector<DestinationProgress> progress;  // of each destination
  // The generations that this run made, by source.
  std::map<std::string, format::Snapshot> made;
  // Sources whose deletion is frozen although the journal could not keep that.
  std::set<std::string> anomalies;
};

// What a destination has lost counts as never stored, so that this run's generations are whole
// there all the same: it is read again from the sources or comes from another destination. Noted in
// the report, and nothing is deleted there: the earlier generations may lack it.
void leave_out_lost_packs(RunContext& run, const StopToken& stop);

// Takes what an earlier try at this slot has sealed somewhere for this run's own, so that the
// source is not read again and no second generation of the slot appears: catch_up() completes it.
enum class Adopted { no, yes };
Adopted adopt_sealed(RunContext& run, const policy::Source& source);
// Reads one source once and stores it in every good destination that keeps up.
void back_up_source(RunContext& run, const policy::Source& source, const StopToken& stop);
// Shows the progress of a copy to the observer as long as it lives, however the work ends.
class ShownProgress {
 public:
  ShownProgress(const RunObserver& observer,
                const std::vector<std::string>& destinations,
                SyncProgress& progress)
      : observer_(observer) {
    if (observer_.catch_up_begins) observer_.catch_up_begins(destinations, progress);
  }
  ~ShownProgress() {
    if (observer_.catch_up_ends) observer_.catch_up_ends();
  }
  ShownProgress(const ShownProgress&) = delete;
  ShownProgress& operator=(const ShownProgress&) = delete;

 private:
  const RunObserver& observer_;
};

// Completes what destinations lack, of this run and of earlier ones, from those that have it,
// without reading the sources, newest first, until `until`. What it completes is proved.
void catch_up(RunContext& run, std::chrono::steady_clock::time_point until, const StopToken& stop);
// Proves each new snapshot by reading it from its destination.
void read_back(RunContext& run, const StopToken& stop);
// Moves the ends of the object locks of what the proved generations need.
void extend_object_locks(RunContext& run, const StopToken& stop);
// Applies retention where this run left a good generation.
void forget_by_policy(RunContext& run, const StopToken& stop);

}  // namespace hikae
