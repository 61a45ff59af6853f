// SPDX-License-Identifier: Apache-2.0
// Figures for Prometheus, from what the journal knows. Times of success advance only on success, so
// that an alarm on their age tells the truth also when this program no longer runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/policy.h"
#include "service/environment.h"
#include "service/run.h"

namespace hikae {

struct GenerationFigures {
  std::string source;
  std::string destination;
  std::optional<Instant> last_success;  // start of the newest run with a good generation there
  std::optional<Instant> last_attempt;
  std::optional<Verdict> last_verdict;
  RunItem good;  // of last_success
  std::optional<std::size_t> generations;
  std::optional<Filling> filling;  // what the last attempt left incomplete
};

struct JobFigures {
  std::string job;
  std::optional<Instant> last_success;
  std::optional<Instant> last_attempt;
  std::optional<Verdict> last_verdict;
  std::optional<std::chrono::nanoseconds> duration;  // of the last attempt that ended
  std::optional<Instant> next_due;
  std::uint64_t missed = 0;  // slots in the ledger
  std::uint64_t failed = 0;
  std::uint64_t retries = 0;  // tries beyond the first
};

struct MetricsFacts {
  std::string policy;
  std::string program_version;
  std::string hostname;
  std::string username;
  std::vector<GenerationFigures> generations;
  std::vector<JobFigures> jobs;
  std::map<std::string, Space> space;        // by destination, where it was seen
  std::vector<std::string> frozen;           // sources whose deletion waits for `hikae ack`
  std::uint64_t unacknowledged = 0;          // failed and missed slots
  std::uint64_t notices_waiting = 0;         // messages that are not delivered yet
  std::uint64_t notices_given_up = 0;        // messages that never were
  std::map<std::string, std::string> paths;  // by source; for restic's names
};

// What only a job knows, since it asked the destinations.
struct ObservedFigures {
  std::map<std::pair<std::string, std::string>, std::size_t> generations;  // (source, destination)
  std::map<std::string, Space> space;
};

// Keeps them in the journal, so that a series does not end where the next job asks less: a check
// counts no generations, and a destination that is away tells nothing.
void keep_figures(const std::string& policy,
                  Journal& journal,
                  const ObservedFigures& observed,
                  Instant seen);
// Lowers the kept numbers of generations by those that were removed.
void keep_removals(const std::string& policy,
                   Journal& journal,
                   const std::vector<ForgottenSnapshot>& removed,
                   Instant seen);

// `observed` goes before what the journal keeps; it may be empty.
MetricsFacts collect_metrics(const policy::Policy& policy,
                             const Environment& environment,
                             Journal& journal,
                             const ObservedFigures& observed);

enum class MetricNames { own, own_and_restic };
// Prometheus' text format. Pure.
std::string encode_metrics(const MetricsFacts& facts, MetricNames names);

// Writes them where the policy's metrics.textfile says: whole or not at all. Nothing without one;
// a failure is said to the environment's log.
void write_metrics(const policy::Policy& policy,
                   const Environment& environment,
                   Journal& journal,
                   const ObservedFigures& observed);

}  // namespace hikae
