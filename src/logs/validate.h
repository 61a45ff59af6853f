// SPDX-License-Identifier: Apache-2.0
// Whether the log proves what it claims. Pure: everything that was read goes in, findings come out.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/verdict.h"
#include "logs/line.h"

namespace hikae::logs {

// A slot that the ledger tells of.
struct LedgerSlot {
  std::string job;
  std::string group;
  Instant scheduled;
  enum class State { tried, missed } state = State::tried;
};

// How far the size of a source may move between two generations, in per cent; nothing: any.
struct Band {
  std::optional<int> max_shrink;
  std::optional<int> max_growth;
};

struct SourceSize {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// Why `now` is outside the band around `before`; nothing when it is inside. What was empty before
// may grow to anything.
std::optional<Text> find_anomaly(const std::string& source,
                                 const SourceSize& before,
                                 const SourceSize& now,
                                 const Band& band);

struct ValidationFacts {
  std::string policy;
  std::vector<Line> lines;           // of this policy, oldest first
  std::size_t unreadable_lines = 0;  // that are no lines of a log
  std::vector<LedgerSlot> slots;     // whose window is over
  std::string only_run;              // judge this run only; empty: all
  std::set<std::string> working;     // runs that are not over: they lack an end rightly
  // The snapshots of each destination that could be read.
  std::map<std::string, std::set<std::string>> stored;
  // (destination, snapshot): deleted on purpose, as the journal tells.
  std::set<std::pair<std::string, std::string>> removed;
  Band band;
};

struct Finding {
  // Stable name of the rule: no_start, no_end, missed, unclassified_error, unreadable_line,
  // snapshot_missing, out_of_band, dump_incomplete, verdict_too_good.
  std::string rule;
  Verdict verdict = Verdict::warning;  // warning or failed
  std::string run;
  std::string source;
  std::string destination;
  std::optional<Instant> time;
  Text message;
};

struct Validation {
  Verdict verdict = Verdict::ok;  // ok, warning or failed: the worst of the findings
  std::size_t runs = 0;           // that were looked at
  std::size_t slots = 0;
  std::size_t snapshots = 0;  // claims that were compared with a destination
  std::vector<Finding> findings;
};

Validation validate(const ValidationFacts& facts);

}  // namespace hikae::logs
