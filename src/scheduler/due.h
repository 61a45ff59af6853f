// SPDX-License-Identifier: Apache-2.0
// What a tick finds to do. Pure: facts of the ledger and a moment go in, a plan with reasons comes
// out. Any trigger may tick at any moment, as often as it likes: a slot runs once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/slots.h"
#include "policy/policy.h"
#include "policy/schedule.h"

namespace hikae {

// Jobs that are due by one schedule.
struct ScheduleGroup {
  std::string job;                   // "backup", "prune", "check"
  std::string group;                 // "" for the policy's own schedule, else the schedule's text
  std::vector<std::string> sources;  // of a backup
  policy::Schedule schedule;
};
// In the order in which they run when several are due: backups, check, prune. Drill and review have
// slots too, but nothing carries them out yet: they are not among these. Throws Error for a
// schedule that makes no sense.
std::vector<ScheduleGroup> schedule_groups(const policy::Policy& policy);

struct GroupFacts {
  ScheduleGroup group;
  Instant since;                 // nothing before is due
  std::optional<Instant> last;   // the newest slot in the ledger that is not from the future
  std::vector<SlotRecord> open;  // due or running; since no other tick is at work, a running one
                                 // was killed
};

struct DueJob {
  enum class Reason {
    scheduled,  // its moment has come
    catch_up,   // later than that, since nobody ticked; stands for all that were missed meanwhile
    retry,      // an earlier try failed
    killed,     // an earlier try did not come to its end
  };
  std::string job;
  // One for each schedule group that is due at this instant; together they are one slot to people,
  // named by the first. As they are before the try.
  std::vector<SlotRecord> slots;
  std::vector<std::string> sources;       // to back up in this try
  std::vector<std::string> slot_sources;  // all that the slot stands for
  std::vector<SlotId> stands_for;         // older slots that it coalesces
  Reason reason = Reason::scheduled;
  int number = 1;  // of the try

  const SlotId& id() const { return slots.front().id; }
};
std::string_view to_string(DueJob::Reason reason);

struct DuePlan {
  std::vector<DueJob> jobs;  // in the order in which to run them
  // To be written into the ledger, settled:
  std::vector<SlotRecord> coalesced;
  std::vector<SlotRecord> missed;
  std::vector<SlotRecord> failed;  // no try is left, or the window is over; partial ones are done
  std::optional<Instant> next;     // when a later tick will find something, if nothing changes
};

DuePlan plan_due(const policy::Policy& policy, const std::vector<GroupFacts>& facts, Instant now);

// Settles an open slot that is not tried any more. One that was tried has failed, and that must be
// heard of; one that was not goes into a newer one.
void give_up(DuePlan& plan, const SlotRecord& open, Instant now);

// When a slot whose try ended `now` is tried again: wait, then twice that, and so on, as long as
// attempts and the window allow.
std::optional<Instant> next_try(const policy::Policy& policy, const SlotRecord& slot, Instant now);

}  // namespace hikae
