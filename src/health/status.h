// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/verdict.h"
#include "journal/journal.h"
#include "policy/policy.h"
#include "service/destinations.h"
#include "service/filling.h"

namespace hikae {

// One source in one destination, as the repository itself tells.
struct SourceStatus {
  std::string source;
  std::string destination;
  std::size_t generations = 0;
  std::optional<Instant> newest;
  std::optional<Instant> due;  // the newest one must not be older than this
  std::optional<SnapshotId> newest_snapshot;
  std::optional<Instant> sealed;  // when the newest was durable here, as far as the journal knows
  std::uint64_t newest_bytes = 0;
  std::optional<Filling> filling;  // the newest generation is still on its way there
  Verdict verdict = Verdict::failed;
  std::vector<Text>
      notes;  // what a person should know: overdue, no generation, unreadable items, …
};

// How soon the newest generation of a source was safe.
struct Protection {
  std::string source;
  Instant generation;                   // when its reading began
  std::optional<Instant> protected_at;  // durable in the first destination
  std::optional<Instant> completed_at;  // durable in all; absent while one lacks it
};

struct DestinationStatus {
  std::string destination;
  std::string location;
  bool is_folder = false;        // of this machine, which is reached without a network of ours
  std::optional<Error> failure;  // could not be read
  std::optional<Space> space;
  std::optional<Transport> transport;  // of this very reading; absent for a folder of this machine
  std::size_t damaged_snapshots = 0;   // files that could not be read; the report's notes name them
  // Where this host may not delete: generations that the retention let go a month ago and that are
  // still there. Somebody else should have deleted them.
  std::size_t overstayed = 0;
};

struct StatusReport {
  Verdict verdict = Verdict::failed;
  std::vector<SourceStatus> sources;   // each source in each destination, in the policy's order
  std::vector<Protection> protection;  // of each source that has a generation
  std::vector<DestinationStatus> destinations;
  std::optional<Verdict> last_backup;  // what the last run adds; see judge_last_backup()
  std::vector<RunRecord> runs;  // the latest, from the journal; may be empty after it was lost
  // From this machine's ledger, newest first: the latest, and all that are open or that nobody has
  // acknowledged.
  std::vector<SlotRecord> slots;
  std::vector<Notice> waiting;  // messages that are not delivered yet, oldest first
  std::optional<Instant> recovery_kit_confirmed;
  std::size_t silent_jobs = 0;  // see find_silent_jobs(); the notes name them
  std::vector<Text> notes;      // recovery kit not confirmed, journal rebuilt, damage, …
};

// Jobs of the schedule only: the ledger also keeps what was told of space and anomalies.
std::vector<SlotRecord> slots_to_show(const std::string& policy, SlotLedger& ledger);

// What has fallen silent beside the backups, as the ledger of this machine tells: a check that is
// overdue, messages that nobody gets, a deletion that waits for somebody.
std::vector<Text> find_silent_jobs(const policy::Policy& policy, Journal& journal, Instant now);

// What the verdict on a source in a destination depends on.
struct SourceFacts {
  bool destination_readable = false;
  // Of the newest snapshot that is not from the future.
  std::optional<Instant> newest;
  std::uint64_t unreadable = 0;
  // The clock that wrote it ran ahead; such a snapshot must not hide that the others are old.
  bool has_future_snapshot = false;
  // The latest due moment whose window has passed; nothing without a schedule.
  std::optional<Instant> due;
  // It made no generation there, and none has come from another destination since.
  bool last_run_failed = false;
  bool is_tried_again = false;  // a slot of this source is open: another try comes, or is at work
  std::optional<KeptFilling> filling;  // as the last run that got that far told
};
bool is_overdue(const SourceFacts& facts);
// It lacks the generation that is due, but a run since then has sent more of it.
bool is_being_filled(const SourceFacts& facts);
// The verdict on one source in one destination. Pure; the only place that decides it.
Verdict judge(const SourceFacts& facts);
// The whole: failed when some source has no good generation anywhere or was saved nowhere by the
// last run, partial when one is missing or overdue somewhere or has unreadable items, warning when
// a person should look at something, the last run was not ok, or a generation is still on its way
// over a slow line. Pure.
Verdict judge(const StatusReport& report);

// From the newest generations of `sources`; a destination that has an older one lacks the newest.
// Pure.
std::vector<Protection> find_protection(const std::vector<SourceStatus>& sources);

// Reads the snapshots from each destination, at once and without a lock; the journal only adds what
// the repositories cannot know, and is told of the runs that they know when it has none. A source
// is overdue when its newest generation is older than the latest due moment of its schedule that
// lies more than the window back. Throws for what concerns all destinations: the password, a
// schedule that makes no sense.
StatusReport read_status(const policy::Policy& policy,
                         const Environment& environment,
                         Journal& journal,
                         const StopToken& stop);

}  // namespace hikae
