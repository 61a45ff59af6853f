// SPDX-License-Identifier: Apache-2.0
// The ledger of slots: what was due, and what became of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/verdict.h"

namespace hikae {

// One due moment of a job. A run by hand has a slot of its own, named by its start.
struct SlotId {
  std::string job;  // "backup", "prune", "check", …
  std::string
      group;  // schedule group; "" for the policy's own schedule, "manual" for a run by hand
  Instant scheduled;  // UTC
  bool operator==(const SlotId&) const = default;
};

enum class SlotState {
  due,        // not tried yet, or to be tried again at next_try
  running,    // a try began; when its process is gone, it was killed
  done,       // good enough: ok, warning, or partial with nothing left to try
  failed,     // no try is left
  missed,     // given up before any try
  coalesced,  // a later slot stands for it
};

// A stable word for programs and for the journal: "due", "missed", …
std::string_view word_of(SlotState state);

struct SlotRecord {
  SlotId id;
  SlotState state = SlotState::due;
  int attempts = 0;
  std::optional<Instant> first_try;
  std::optional<Instant> next_try;
  std::vector<std::string> repeat;  // the sources that the next try repeats; empty: all
  std::optional<Instant> settled;   // when it became done, failed, missed or coalesced
  std::optional<Verdict> verdict;
  std::string next_step;  // what to do about its last try; in the policy's language; may be empty
  std::optional<Instant> acknowledged;  // of a failed or missed one
  std::optional<Instant> reminded;      // the second channel was told that nobody acknowledged it
  bool operator==(const SlotRecord&) const = default;
};

// Part of the journal: thread-safe, durable on return, throws as it does.
class SlotLedger {
 public:
  virtual ~SlotLedger() = default;

  // From when on slots of this schedule group count; nothing before is due. Absent: the ledger
  // does not know the group.
  virtual std::optional<Instant> since(const std::string& policy,
                                       const std::string& job,
                                       const std::string& group) = 0;
  // Whether it knows any group of this policy; if not, it is new, or the journal was lost.
  virtual bool knows(const std::string& policy) = 0;
  // A group that is known keeps its beginning.
  virtual void begin_group(const std::string& policy,
                           const std::string& job,
                           const std::string& group,
                           Instant since) = 0;

  // Adds or replaces, all or none.
  virtual void save(const std::string& policy, const std::vector<SlotRecord>& slots) = 0;

  // Drops the slots that were scheduled later than `after`, but the newest of each group: they were
  // made while the clock ran ahead, and their time is still to come.
  virtual void drop_future(const std::string& policy, Instant after) = 0;

  // The newest slot of the group that was scheduled until then.
  virtual std::optional<SlotRecord> newest(const std::string& policy,
                                           const std::string& job,
                                           const std::string& group,
                                           Instant until) = 0;
  virtual std::optional<SlotRecord> find(const std::string& policy, const SlotId& slot) = 0;
  // Due or running, oldest first.
  virtual std::vector<SlotRecord> open_slots(const std::string& policy) = 0;
  // Failed or missed, and not acknowledged; oldest first.
  virtual std::vector<SlotRecord> unacknowledged(const std::string& policy) = 0;
  // Newest first.
  virtual std::vector<SlotRecord> slots(const std::string& policy, std::size_t limit) = 0;
};

}  // namespace hikae
