// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "service/run.h"

namespace hikae {

Verdict judge(const RunOutcome& outcome) {
  if (outcome.failure || !outcome.snapshot || !outcome.read_back) return Verdict::failed;
  if (outcome.unreadable > 0) return Verdict::partial;
  return outcome.changed > 0 ? Verdict::warning : Verdict::ok;
}

Verdict judge(const RunReport& report) {
  if (report.failure) return Verdict::failed;
  std::map<std::string, bool> has_good;  // by source
  for (const SourceOutcome& source : report.sources) has_good[source.source] = false;
  Verdict verdict = Verdict::ok;
  for (const RunOutcome& outcome : report.outcomes) {
    if (outcome.verdict == Verdict::failed) {
      // Missing in one place only is partial; missing everywhere is found below.
      verdict = worse(verdict, Verdict::partial);
    } else {
      has_good[outcome.source] = true;
      verdict = worse(verdict, outcome.verdict);
    }
  }
  for (const auto& [source, good] : has_good) {
    if (!good) return Verdict::failed;
  }
  if (has_good.empty()) return Verdict::failed;
  return report.frozen.empty() ? verdict : worse(verdict, Verdict::warning);
}

}  // namespace hikae
