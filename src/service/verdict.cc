// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "service/run.h"

namespace hikae {

namespace {

// A hook asked for it: no failure, and no generation either.
bool was_left_out(const std::optional<Error>& failure) {
  return failure && failure->code() == ErrorCode::skipped;
}

}  // namespace

Verdict judge(const RunOutcome& outcome) {
  // Slow is no failure: what is there stays, and the next run goes on.
  if (!outcome.failure && outcome.filling) return Verdict::warning;
  if (was_left_out(outcome.failure)) return Verdict::warning;
  if (outcome.failure || !outcome.snapshot || !outcome.read_back) return Verdict::failed;
  if (outcome.unreadable > 0) return Verdict::partial;
  return outcome.changed > 0 ? Verdict::warning : Verdict::ok;
}

Verdict judge(const RunReport& report) {
  if (was_left_out(report.failure)) return Verdict::warning;
  if (report.failure) return Verdict::failed;
  std::map<std::string, bool> has_good;  // by source
  for (const SourceOutcome& source : report.sources) has_good[source.source] = false;
  Verdict verdict = Verdict::ok;
  for (const RunOutcome& outcome : report.outcomes) {
    if (outcome.verdict == Verdict::failed) {
      // Missing in one place only is partial; missing everywhere is found below.
      verdict = worse(verdict, Verdict::partial);
    } else {
      if (outcome.read_back || was_left_out(outcome.failure)) has_good[outcome.source] = true;
      verdict = worse(verdict, outcome.verdict);
    }
  }
  for (const auto& [source, good] : has_good) {
    if (!good) return Verdict::failed;
  }
  if (has_good.empty()) return Verdict::failed;
  return report.frozen.empty() ? verdict : worse(verdict, Verdict::warning);
}

ProtectionTimes protection_times(const RunReport& report) {
  struct Sealed {
    std::optional<Instant> first;
    Instant last;
    bool everywhere = true;
  };
  std::map<std::string, Sealed> sources;
  for (const SourceOutcome& source : report.sources) sources[source.source] = Sealed();
  for (const RunOutcome& outcome : report.outcomes) {
    Sealed& source = sources[outcome.source];
    if (!outcome.sealed) {
      source.everywhere = false;
      continue;
    }
    source.last = std::max(source.last, *outcome.sealed);
    source.first = source.first ? std::min(*source.first, *outcome.sealed) : *outcome.sealed;
  }
  ProtectionTimes times{std::chrono::nanoseconds(0), std::chrono::nanoseconds(0)};
  if (sources.empty()) return {};
  for (const auto& [name, source] : sources) {
    if (!source.first) return {};
    times.first = std::max(*times.first, *source.first - report.started);
    if (!source.everywhere) times.all.reset();
    if (times.all) times.all = std::max(*times.all, source.last - report.started);
  }
  return times;
}

std::optional<Instant> expect_completion(std::uint64_t bytes_left,
                                         std::uint64_t bytes_per_run,
                                         const policy::Schedule& schedule,
                                         Instant now) {
  // Beyond this many runs the figure would say nothing.
  constexpr std::uint64_t kMostRuns = 10'000;
  if (bytes_per_run == 0) return std::nullopt;
  const std::uint64_t runs = (bytes_left + bytes_per_run - 1) / bytes_per_run;
  if (runs > kMostRuns) return std::nullopt;
  std::optional<Instant> expected = now;
  for (std::uint64_t run = 0; run < runs && expected; ++run)
    expected = schedule.next_after(*expected);
  return expected;
}

}  // namespace hikae
