// SPDX-License-Identifier: Apache-2.0
// What people are told: one model for mail, Slack, webhooks and pings.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "base/verdict.h"
#include "journal/journal.h"

namespace hikae::notify {

// Why a message is made.
enum class Occasion {
  started,            // a run begins; only pings tell it
  retrying,           // a try failed and another follows; only pings tell it at once
  finished,           // a slot is settled: its last try ended with this verdict
  left_out,           // settled, but a hook left a source or all of it out: no generation of that
  missed,             // a slot was never run in time
  recovered,          // good again after failures that were told; carries the facts of the good run
  frozen,             // retention deletes nothing until a person acts
  low_space,          // a destination has less room than the next generations are likely to need
  overdue,            // seen from the repositories: no good generation, check or drill in time
  unacknowledged,     // a failure that nobody acknowledged, told again to the second channel
  policy_unreadable,  // nothing runs, since the policy's file cannot be read
  undeliverable,      // a channel does not take its messages; told by the others
  digest,             // many messages at once, as one
  test,               // "hikae notify test"
};

// What a finished run may have beside its verdict: `failure` hears it although the verdict may be a
// warning.
enum class Concern { deletion_frozen, low_space };

// One source in one destination. Absent: not known or not reached.
struct OutcomeFacts {
  std::string source;
  std::string destination;  // empty: the fact is about the source alone
  Verdict verdict = Verdict::failed;
  std::optional<std::uint64_t> files;  // of the source
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> added;  // bytes, to the destination
  std::uint64_t unreadable = 0;
  std::optional<std::chrono::seconds> took;  // from the beginning until it was durable there
  std::string snapshot;                      // 64 hex digits; empty if none was sealed
  std::optional<std::uint64_t> kept;         // generations
  std::uint64_t dropped = 0;
};

// Sentences are rendered already, in the policy's language: some come from the journal.
struct Problem {
  std::string what;
  std::string next_step;  // empty: none is known
};

// One attempt at the slot.
struct Attempt {
  Instant started;
  std::optional<Verdict> verdict;  // absent: it was killed
  std::string reason;
};

// An item of a source that could not be read, or a finding of a check in a destination. Only
// channels with `details: full` tell it.
struct UnreadableItem {
  std::string source;
  std::string path;
  std::string reason;
};

struct Message {
  Occasion occasion = Occasion::finished;
  Verdict verdict = Verdict::ok;
  SlotId slot;  // the job is always set; `scheduled` is zero where no slot is meant
  std::vector<Concern> concerns;

  Language language = Language::en;
  std::string timezone;  // of all times that are shown; empty: UTC
  std::string policy;
  std::string host;
  std::string run;  // 16 hex digits; empty where no run is meant
  Instant time;     // when it is told
  std::optional<Instant> started;
  std::optional<Instant> finished;
  std::optional<Instant> since;  // recovered, overdue, unacknowledged: since when it was bad

  std::vector<OutcomeFacts> outcomes;
  std::vector<Problem> problems;
  std::vector<std::string> notes;
  std::vector<Attempt> attempts;  // told where there is more than one
  std::vector<UnreadableItem> items;
  std::uint64_t unreadable = 0;  // all of them; `items` may hold fewer
  // undeliverable, unacknowledged, digest, test: the channel, the earlier subject, the subjects.
  std::string channel;
  std::vector<std::string> subjects;
};

// The first words of a subject, by which people filter. Free of line breaks (see header_text()).
struct SubjectWords {
  std::string completed = "Backup Completed";
  std::string failed = "Backup Failed";
};

// Whether the message is one of those that the words `failed` begin. Pure.
bool is_failure(const Message& message);

// "Backup Failed: partial - internal-systems (fs01) 2026-11-23 02:00", on one line. Pure.
std::string subject_of(const Message& message, const SubjectWords& words);

// What a reader calls the message's job: "backup", "バックアップ". Pure.
std::string job_words(const Message& message);

// One or two sentences that say what happened and what it means. Pure.
std::string lead_of(const Message& message);

// What makes a message the same one when it comes again: occasion and slot, and what else tells it
// apart. A channel is told each key once.
std::string key_of(const Message& message);

// A stable word for programs: "finished", "missed", …
std::string_view word_of(Occasion occasion);
std::string_view word_of(Concern concern);

}  // namespace hikae::notify
