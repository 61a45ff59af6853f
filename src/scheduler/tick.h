// SPDX-License-Identifier: Apache-2.0
// The tick: what any trigger calls, and what decides by the ledger whether anything is due.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/due.h"
#include "service/environment.h"
#include "service/event.h"
#include "service/run.h"

namespace hikae {

// What the parts of a tick work with; the references outlive it.
struct TickContext {
  const policy::Policy& policy;
  const Environment& environment;
  Journal& journal;
  EventSink& sink;
};

struct TickOptions {
  LockOptions lock_options;
  std::string policy_text;  // the file as it was read; stored in each repository
};

struct JobResult {
  DueJob job;
  // Its slots after the try: done, failed, or due again at next_try.
  std::vector<SlotRecord> slots;
  Verdict verdict = Verdict::failed;
  std::shared_ptr<const RunReport> report;  // of a backup that could begin
  std::vector<DestinationResult> results;   // of a check or prune
  std::optional<Error> failure;             // why it could not begin
  // Of the prune that a backup brought about; the verdict is the backup's alone.
  Verdict prune_verdict = Verdict::ok;
  // A hook left a source or all of a backup out: that is neither a failure nor the end of one.
  bool left_out = false;
  // Somebody runs this job by hand: it stays due, and no try was used up.
  bool waits_for_other = false;
};

struct TickReport {
  // Another tick is at work; this one did nothing, and need not.
  bool other_is_at_work = false;
  DuePlan plan;
  std::vector<JobResult> jobs;
  std::vector<SlotEvent> events;  // all that the sink was given
  std::optional<Instant> next;    // when a tick will find something to do again
  Verdict verdict = Verdict::ok;  // the worst of the jobs
};

// What a tick tells while it works; may be empty.
struct TickObserver {
  RunObserver run;
  std::function<void(const DueJob& job)> job_begins;
  std::function<void(const JobResult& result)> job_ends;
};

// Looks what is due, and does it: backups, checks, prunes, one after another. A tick that finds
// nothing costs no network and no more than reading the ledger. Of two at once one works. The first
// tick ever, and the first after the journal was lost, asks the repositories what they know.
// Throws Error for a policy or a journal that cannot be read, and Cancelled: what was begun is
// tried again by the next tick.
TickReport run_due(const TickContext& context,
                   const TickOptions& options,
                   const TickObserver& observer,
                   const StopToken& stop);

// The plan and nothing else: what a tick would do now. No network; a group that the ledger does not
// know has nothing due.
DuePlan preview_due(const TickContext& context);

// Says that somebody has taken notice of a failed or missed slot: `slot` is its local time as
// people are shown it ("2026-11-23 02:00"), its UTC instant in RFC 3339, the name of a job, or
// "all". Returns what was acknowledged. Acknowledging all also says that the clock is right when
// the ledger knows of a later time. Throws Error{not_found} when nothing fits, {invalid_argument}
// for what is no slot.
std::vector<SlotRecord> acknowledge(const TickContext& context, const std::string& slot);

// Somebody has put this job right by hand: nobody need be reminded of what failed before.
void end_reminders(Journal& journal,
                   const std::string& policy,
                   const std::string& job,
                   Instant now);

// The latest moment that the journal knows of, when the clock is behind it by more than clocks
// differ; nothing when all is in order or somebody has said that it is.
std::optional<Instant> clock_went_back(const TickContext& context);

}  // namespace hikae
