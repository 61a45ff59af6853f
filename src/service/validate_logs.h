// SPDX-License-Identifier: Apache-2.0
// Reads what logs::validate() judges: log files, journal, and the destinations' lists of snapshots.
#pragma once

#include <chrono>

#include "logs/validate.h"
#include "service/run_parts.h"

namespace hikae {

// Everything of this policy since then. No password is needed, since only names of snapshots are
// read; a destination that cannot be listed is said to the environment's log and left out. Throws
// Error when the log cannot be read.
logs::Validation validate_logs(const policy::Policy& policy,
                               const Environment& environment,
                               Journal& journal,
                               Instant since,
                               const StopToken& stop);

// The run that is about to end, as it stands in the log by now. What is wrong becomes a note of the
// report, so that it is part of the verdict. Nothing without a log folder.
void validate_run(RunContext& run, const StopToken& stop);

// The policy's `anomaly` as a band.
logs::Band band_of(const policy::Policy& policy);

// Deletion of a source's generations waits until somebody has looked (`hikae ack anomaly`). Kept as
// a failed slot of the job "anomaly" in the ledger, so that whoever reminds of failed slots reminds
// of it, too.
inline constexpr const char* kAnomalyJob = "anomaly";
// Compares what this run made with the generation before it and freezes where it is out of bounds.
void freeze_anomalies(RunContext& run);
// The notes of a report that tell of that.
std::vector<Text> anomalies_of(const RunReport& report);
// Whether deletion for this source is frozen, in all destinations.
bool is_frozen_by_anomaly(Journal& journal, const std::string& policy, const std::string& source);

}  // namespace hikae
