// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "service/status.h"

namespace hikae {

bool is_overdue(const SourceFacts& facts) {
  return facts.newest && facts.due && *facts.newest < *facts.due;
}

Verdict judge(const SourceFacts& facts) {
  if (!facts.destination_readable || !facts.newest || is_overdue(facts)) return Verdict::failed;
  if (facts.unreadable > 0) return Verdict::partial;
  return facts.last_run_failed || facts.has_future_snapshot ? Verdict::warning : Verdict::ok;
}

Verdict judge(const StatusReport& report) {
  std::map<std::string, bool> has_good;  // by source
  Verdict verdict = report.recovery_kit_confirmed ? Verdict::ok : Verdict::warning;
  for (const SourceStatus& source : report.sources) {
    const bool good = source.verdict != Verdict::failed;
    has_good[source.source] |= good;
    verdict = worse(verdict, good ? source.verdict : Verdict::partial);
  }
  if (report.silent_jobs > 0) verdict = worse(verdict, Verdict::warning);
  for (const DestinationStatus& destination : report.destinations) {
    if (destination.failure) verdict = worse(verdict, Verdict::partial);
    if (destination.overstayed > 0) verdict = worse(verdict, Verdict::warning);
    if (destination.damaged_snapshots > 0) verdict = worse(verdict, Verdict::warning);
  }
  for (const auto& [source, good] : has_good) {
    if (!good) return Verdict::failed;
  }
  return has_good.empty() ? Verdict::failed : verdict;
}

}  // namespace hikae
