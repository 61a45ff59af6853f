// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backup/pipeline.h"
#include "base/verdict.h"
#include "journal/journal.h"
#include "policy/policy.h"
#include "policy/schedule.h"
#include "service/destinations.h"
#include "service/sync.h"

namespace hikae {

struct RunOptions {
  std::vector<std::string> sources;       // names; empty means all
  std::vector<std::string> destinations;  // names; empty means all
  ChangeDetection changes = ChangeDetection::strict;
  LockOptions lock_options;
  std::string policy_text;  // the file as it was read; stored in each repository
  // The slot that it is for; nothing: a run by hand. What an earlier try at the slot has sealed is
  // completed where it lacks, and not made again.
  std::optional<SlotId> slot;
  enum class Deletion { by_policy, frozen } deletion = Deletion::by_policy;
  Text frozen_because;  // with Deletion::frozen; becomes a note of the report
};

// What a run has to tell while it works; called from its threads. All may be empty.
struct RunObserver {
  // A destination is completed from another; `progress` has a lane for each destination of the run
  // and lives until catch_up_ends.
  std::function<void(const std::vector<std::string>& destinations, SyncProgress& progress)>
      catch_up_begins;
  std::function<void()> catch_up_ends;  // does not throw
  std::function<void(const std::string& source, BackupProgress& progress)> source_begins;
  std::function<void(const std::string& source)> source_ends;
  std::function<void(const Text& phase)> phase;
};

// A destination that is being filled over a slow line, for longer than one run may take.
struct Filling {
  std::uint64_t bytes_done = 0;  // of the newest generation, in this and earlier runs
  std::uint64_t bytes_total = 0;
  std::optional<Instant> expected;  // when it will be complete, if each run gets as far as this one
};

// One source in one destination: facts, and the verdict that follows from them.
struct RunOutcome {
  std::string source;
  std::string destination;
  std::optional<SnapshotId> snapshot;
  std::optional<Instant> sealed;  // when the snapshot was durable there
  bool detached = false;          // too slow for the others: completed after them
  // The window ended before it was complete; what is there stays, and the next run goes on.
  std::optional<Filling> filling;
  bool read_back = false;  // the snapshot was found again, whole, by reading the destination anew
  bool caught_up = false;  // completed from another destination
  bool was_sealed_before = false;  // by an earlier try at the same slot
  std::uint64_t bytes_stored = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t changed = 0;
  std::optional<Error> failure;
  Verdict verdict = Verdict::failed;
};

struct SourceOutcome {
  std::string source;
  std::optional<Error> failure;  // of the source as a whole
  std::optional<format::SnapshotSummary> summary;
  std::vector<ItemError> item_errors;
  std::uint64_t item_error_count = 0;
  std::vector<Text> notes;  // what the source tells of what was read
  std::string facts;        // the same as a JSON value; empty: nothing
};

struct ForgottenSnapshot {
  std::string source;
  std::string destination;
  SnapshotId snapshot;
  Instant time;
  std::string rule;
  Text reason;
};

// How many generations of a source a destination holds after the run.
struct KeptGenerations {
  std::string source;
  std::string destination;
  std::size_t count = 0;
};

// An earlier generation that was missing in a destination and was copied from another.
struct CaughtUpSnapshot {
  std::string source;
  std::string from;
  std::string to;
  Instant time;
  SnapshotId snapshot;
  std::optional<Instant> sealed;
  std::uint64_t bytes_stored = 0;
};

struct RunReport {
  std::string run_id;
  Instant started;
  Instant finished;
  Verdict verdict = Verdict::failed;
  std::vector<SourceOutcome> sources;
  std::vector<RunOutcome> outcomes;  // every source in every destination of the run
  std::vector<CaughtUpSnapshot> caught_up;
  std::vector<ForgottenSnapshot> forgotten;
  std::vector<KeptGenerations> kept;
  std::vector<ConnectionRecord> connections;  // of each destination that could be opened
  // Why retention deleted nothing for a source in a destination, and what else a person should look
  // at although the generations are good (a hook that failed after them); nothing is hidden.
  std::vector<Text> frozen;
  std::vector<Text> low_space;   // destinations that have become too full since the last run
  std::optional<Error> failure;  // of the run as a whole
};

// How long it took from the beginning until every source was sealed in one destination at least,
// and in all of them; nothing where that was not reached. Pure.
struct ProtectionTimes {
  std::optional<std::chrono::nanoseconds> first;
  std::optional<std::chrono::nanoseconds> all;
};
ProtectionTimes protection_times(const RunReport& report);

// The moment when a destination that lacks `bytes_left` will be complete, when each due run sends
// as much as this one did; nothing when that cannot be told. Pure.
std::optional<Instant> expect_completion(std::uint64_t bytes_left,
                                         std::uint64_t bytes_per_run,
                                         const policy::Schedule& schedule,
                                         Instant now);

// The verdict of one source in one destination. Pure; the only place that decides it.
Verdict judge(const RunOutcome& outcome);
// The verdict of the run: failed when some source has no good generation anywhere, partial when it
// lacks one somewhere or an item was unreadable. Pure.
Verdict judge(const RunReport& report);

// Backup, read back, completing what destinations lack, forget, by the policy. Throws only for a
// policy that cannot be run at all (a wrong name, a password that cannot be read) and Cancelled;
// all else is in the report and in the journal.
RunReport run_policy(const policy::Policy& policy,
                     const RunOptions& options,
                     const Environment& environment,
                     Journal& journal,
                     const RunObserver& observer,
                     const StopToken& stop);

}  // namespace hikae
