// SPDX-License-Identifier: Apache-2.0
// The form: monitoring-plugins.org, "Plugin Output for Nagios" and "Performance data".
#include "cli/status_nagios.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/utf8.h"

namespace hikae::cli {
namespace {

constexpr std::array kWords = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
constexpr std::size_t kMostProblems = 3;

// One line without the mark that separates the figures.
std::string one_line(const std::string& words) {
  std::string line = printable(words);
  std::replace(line.begin(), line.end(), '|', '/');
  return line;
}

std::int64_t seconds_between(Instant begin, Instant end) {
  return std::chrono::duration_cast<std::chrono::seconds>(end - begin).count();
}

std::vector<std::string> problems_of(const StatusReport& report, Language language) {
  std::vector<std::string> problems;
  for (const DestinationStatus& destination : report.destinations) {
    if (destination.failure) problems.push_back(render(*destination.failure, language));
  }
  for (const SourceStatus& source : report.sources) {
    for (const Text& note : source.notes) problems.push_back(render(note, language));
  }
  for (const Text& note : report.notes) problems.push_back(render(note, language));
  return problems;
}

std::string figures_of(const StatusReport& report, Instant now) {
  std::string figures;
  for (const SourceStatus& source : report.sources) {
    const std::string name = source.source + "@" + source.destination;
    if (source.newest) {
      const std::string limit = source.due ? std::to_string(seconds_between(*source.due, now)) : "";
      figures += fmt::format(" 'age_{}'={}s;;{};0",
                             name,
                             std::max<std::int64_t>(0, seconds_between(*source.newest, now)),
                             limit);
      figures += fmt::format(" 'size_{}'={}B;;;0", name, source.newest_bytes);
    }
    figures += fmt::format(" 'generations_{}'={};;;0", name, source.generations);
  }
  for (const DestinationStatus& destination : report.destinations) {
    if (!destination.space) continue;
    figures += fmt::format(" 'free_{}'={}B;;;0;{}",
                           destination.destination,
                           destination.space->free_bytes,
                           destination.space->total_bytes);
  }
  return figures;
}

}  // namespace

int nagios_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return 0;
    case Verdict::warning:
    case Verdict::partial:
      return 1;
    case Verdict::failed:
      return 2;
  }
  return kNagiosUnknown;
}

std::string nagios_line(const StatusReport& report,
                        const policy::Policy& policy,
                        Instant now,
                        Language language) {
  const auto code = static_cast<std::size_t>(nagios_code(report.verdict));
  std::string line =
      fmt::format("HIKAE {} - {}: {}", kWords[code], policy.name, to_string(report.verdict));
  const std::vector<std::string> problems = problems_of(report, language);
  for (std::size_t i = 0; i < std::min(problems.size(), kMostProblems); ++i)
    line += "; " + one_line(problems[i]);
  if (problems.size() > kMostProblems)
    line += fmt::format(" (+{})", problems.size() - kMostProblems);
  return line + " |" + figures_of(report, now) + "\n";
}

std::string nagios_unknown(const Error& error, Language language) {
  return fmt::format("HIKAE {} - {}\n", kWords[3], one_line(render(error, language)));
}

}  // namespace hikae::cli
