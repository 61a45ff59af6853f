// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "health/status.h"

namespace hikae {

bool is_overdue(const SourceFacts& facts) {
  return facts.newest && facts.due && *facts.newest < *facts.due;
}

bool is_being_filled(const SourceFacts& facts) {
  const bool lacks = !facts.newest || is_overdue(facts);
  if (!lacks || !facts.filling || facts.last_run_failed) return false;
  return !facts.due || facts.filling->seen >= *facts.due;
}

Verdict judge(const SourceFacts& facts) {
  // Slow is no failure. That it is safe somewhere else is judged over all destinations.
  if (facts.destination_readable && is_being_filled(facts)) return Verdict::warning;
  if (!facts.destination_readable || !facts.newest || is_overdue(facts)) return Verdict::failed;
  // While it is tried again nobody is told; after that, what the run's message said holds here,
  // too, however young the generation before it.
  if (facts.last_run_failed && !facts.is_tried_again) return Verdict::failed;
  if (facts.unreadable > 0) return Verdict::partial;
  return facts.last_run_failed || facts.has_future_snapshot ? Verdict::warning : Verdict::ok;
}

std::vector<Protection> find_protection(const std::vector<SourceStatus>& sources) {
  std::vector<Protection> found;
  const auto of = [&](const std::string& source) {
    return std::find_if(found.begin(), found.end(), [&](const Protection& protection) {
      return protection.source == source;
    });
  };
  for (const SourceStatus& status : sources) {
    if (!status.newest) continue;
    const auto known = of(status.source);
    if (known == found.end()) {
      found.push_back({status.source, *status.newest, std::nullopt, std::nullopt});
    } else {
      known->generation = std::max(known->generation, *status.newest);
    }
  }
  for (Protection& protection : found) {
    bool everywhere = true;
    for (const SourceStatus& status : sources) {
      if (status.source != protection.source) continue;
      const bool is_safe = status.newest == protection.generation && status.sealed;
      everywhere = everywhere && is_safe;
      if (!is_safe) continue;
      const Instant sealed = *status.sealed;
      protection.protected_at = std::min(protection.protected_at.value_or(sealed), sealed);
      protection.completed_at = std::max(protection.completed_at.value_or(sealed), sealed);
    }
    if (!everywhere) protection.completed_at.reset();
  }
  return found;
}

Verdict judge(const StatusReport& report) {
  std::map<std::string, bool> has_good;  // by source
  Verdict verdict = report.recovery_kit_confirmed ? Verdict::ok : Verdict::warning;
  for (const SourceStatus& source : report.sources) {
    const bool good = source.verdict != Verdict::failed;
    has_good[source.source] |= good && !source.filling;
    verdict = worse(verdict, good ? source.verdict : Verdict::partial);
  }
  verdict = worse(verdict, report.last_backup.value_or(Verdict::ok));
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
