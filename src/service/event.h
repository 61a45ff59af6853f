// SPDX-License-Identifier: Apache-2.0
// What happened to the slots of a policy, for whoever tells people of it. One event is one message:
// a slot that is tried three times and fails makes one `failure`, after the last try.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "base/verdict.h"
#include "journal/journal.h"
#include "service/run.h"

namespace hikae {

enum class EventKind {
  success,   // a backup slot ended with the verdict ok
  warning,   // … warning: good everywhere, and something that a person should look at
  left_out,  // … warning, since a hook left a source or all of it out (exit code 75): of that no
             // generation was made, so it is neither a success nor the end of a failure
  partial,   // … partial, and no further try is left for what is missing
  failure,   // … failed, and no further try is left: the policy's `failure` and, at the same
             // moment, its `failure_after_retries`
  try_failed,    // failed or partial so far; `next_try` is when it is tried again. No message
                 // unless somebody asked for every try
  recovered,     // good (ok or warning) after a slot of the same job and group that had failed or
                 // was missed; comes in place of success or warning
  missed,        // given up before any try: older than catch_up. `also` lists all of them
  check_failed,  // a check found damage that could not be healed, or could not be done
  check_healed,  // a check found damage, and another destination healed it
  prune_failed,  // unused space could not be freed
  deletion_frozen,  // retention deletes nothing until a person acts: the clock went backwards
  low_space,        // a destination has less room than the next generations are likely to need
  unacknowledged,   // a failed or missed slot that nobody has acknowledged for `remind_after`: for
                    // the second channel
  notification_failed,  // a message could not be delivered; made by the channels themselves
};
std::string_view to_string(EventKind kind);

// One try at a slot.
struct SlotTry {
  std::string run;  // its id; empty when it failed before a run could begin
  Instant started;
  std::optional<Instant> finished;  // absent: it was killed
  std::optional<Verdict> verdict;
  std::string message;  // why it failed as a whole, in the policy's language
};

// What a check or prune came to in one destination.
struct DestinationResult {
  std::string destination;
  Verdict verdict = Verdict::ok;
  Text summary;                      // one sentence
  std::optional<Error> failure;      // with its hint
  std::vector<std::string> details;  // damaged files and the like, in the policy's language
  std::optional<Space> space;        // afterwards, where the destination tells
  std::uint64_t bytes_freed = 0;     // by a prune
};

struct SlotEvent {
  EventKind kind = EventKind::success;
  Instant time;  // when this was found
  SlotId slot;   // job, group, scheduled instant; group "manual" for a run by hand
  Verdict verdict = Verdict::failed;
  std::vector<std::string> sources;  // of the slot; empty for check and prune
  std::vector<SlotId> also;    // older slots that this one also stands for, or all missed ones
  std::vector<SlotTry> tries;  // oldest first
  int tries_allowed = 1;
  std::optional<Instant> next_try;
  std::optional<Instant> trouble_since;  // recovered: when the first slot was due that was not good
  // Each source in each destination: the outcome that counts, over all tries.
  std::vector<RunItem> items;
  // All that the last try knows: counts, what was forgotten and why, caught up, connections,
  // errors with hints. Null for check, prune, missed and unacknowledged.
  std::shared_ptr<const RunReport> report;
  std::vector<DestinationResult> results;  // of a check or prune
  std::vector<Text> notes;                 // what else a person should know
  std::optional<Text> next_step;           // what the administrator should do now
};

// Takes events as they happen. Implementations throw nothing but Cancelled: a channel that fails
// never fails a backup. Called from one thread at a time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // A try at this slot begins now.
  virtual void slot_begins(const SlotId& slot, Instant now) = 0;
  // Takes it, durably, and once: the same event again is no news. tick() sends it.
  virtual void deliver(const SlotEvent& event) = 0;
  // Once at every tick, also when nothing is due, and after events: sends what waits, also what
  // could not be delivered before. Must cost next to nothing when nothing waits.
  virtual void tick(Instant now) = 0;
};

// Tells nobody.
class NullEventSink final : public EventSink {
 public:
  void slot_begins(const SlotId&, Instant) override {}
  void deliver(const SlotEvent&) override {}
  void tick(Instant) override {}
};

}  // namespace hikae
