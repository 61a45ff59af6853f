// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/verdict.h"
#include "journal/journal.h"
#include "policy/policy.h"
#include "service/destinations.h"

namespace hikae {

// One source in one destination, as the repository itself tells.
struct SourceStatus {
  std::string source;
  std::string destination;
  std::size_t generations = 0;
  std::optional<Instant> newest;
  std::optional<SnapshotId> newest_snapshot;
  std::uint64_t newest_bytes = 0;
  Verdict verdict = Verdict::failed;
  std::vector<Text>
      notes;  // what a person should know: overdue, no generation, unreadable items, …
};

struct DestinationStatus {
  std::string destination;
  std::string location;
  std::optional<Error> failure;  // could not be read
  std::optional<Space> space;
};

struct StatusReport {
  Verdict verdict = Verdict::failed;
  std::vector<SourceStatus> sources;
  std::vector<DestinationStatus> destinations;
  std::vector<RunRecord> runs;  // the latest, from the journal; may be empty after it was lost
  std::vector<Text> notes;      // recovery kit not confirmed, journal rebuilt, …
};

// Reads the snapshots from each destination; the journal only adds what the repositories cannot
// know. A source is overdue when its newest generation is older than the latest due moment of the
// schedule by more than the window.
StatusReport read_status(const policy::Policy& policy,
                         const Environment& environment,
                         Journal& journal,
                         const StopToken& stop);

}  // namespace hikae
