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
#include "service/destinations.h"

namespace hikae {

struct RunOptions {
  std::vector<std::string> sources;       // names; empty means all
  std::vector<std::string> destinations;  // names; empty means all
  ChangeDetection changes = ChangeDetection::strict;
  LockOptions lock_options;
  std::string policy_text;  // the file as it was read; stored in each repository
};

// What a run has to tell while it works; called from its threads. All may be empty.
struct RunObserver {
  std::function<void(const std::string& source, BackupProgress& progress)> source_begins;
  std::function<void(const std::string& source)> source_ends;
  std::function<void(const Text& phase)> phase;
};

// One source in one destination: facts, and the verdict that follows from them.
struct RunOutcome {
  std::string source;
  std::string destination;
  std::optional<SnapshotId> snapshot;
  bool read_back = false;  // the snapshot was found again, whole, by reading the destination anew
  bool caught_up = false;  // completed from another destination
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
};

struct ForgottenSnapshot {
  std::string source;
  std::string destination;
  SnapshotId snapshot;
  Instant time;
  std::string rule;
  Text reason;
};

// An earlier generation that was missing in a destination and was copied from another.
struct CaughtUpSnapshot {
  std::string source;
  std::string from;
  std::string to;
  Instant time;
  SnapshotId snapshot;
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
  std::vector<ConnectionRecord> connections;  // of each destination that could be opened
  // Why retention deleted nothing for a source in a destination; nothing is hidden.
  std::vector<Text> frozen;
  std::optional<Error> failure;  // of the run as a whole
};

// The verdict of one source in one destination. Pure; the only place that decides it.
Verdict judge(const RunOutcome& outcome);
// The verdict of the run: failed when some source has no good generation anywhere, partial when it
// lacks one somewhere or an item was unreadable. Pure.
Verdict judge(const RunReport& report);

// Backup, read back, forget, by the policy. Throws only for a policy that cannot be run at all (a
// wrong name, a password that cannot be read) and Cancelled; all else is in the report and in the
// journal.
RunReport run_policy(const policy::Policy& policy,
                     const RunOptions& options,
                     const Environment& environment,
                     Journal& journal,
                     const RunObserver& observer,
                     const StopToken& stop);

}  // namespace hikae
