// SPDX-License-Identifier: Apache-2.0
#include "service/filling.h"

#include <algorithm>

namespace hikae {
namespace {

// Figures of the journal, by source and destination.
constexpr const char* kState = "filling";  // 1 while it lasts
constexpr const char* kDone = "filling_done_bytes";
constexpr const char* kTotal = "filling_total_bytes";
constexpr const char* kExpected = "filling_expected";  // seconds since 1970; 0: unknown

std::uint64_t seconds_of(const std::optional<Instant>& time) {
  if (!time) return 0;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time->time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0));
}

void take_figure(KeptFilling& kept, const DestinationFigure& figure) {
  if (figure.name == kDone) kept.filling.bytes_done = figure.value;
  if (figure.name == kTotal) kept.filling.bytes_total = figure.value;
  if (figure.name == kExpected && figure.value > 0)
    kept.filling.expected = Instant(std::chrono::seconds(figure.value));
  if (figure.name == kState) kept.seen = figure.seen;
}

}  // namespace

std::uint64_t percent_of(const Filling& filling) {
  if (filling.bytes_total == 0) return 0;
  const double share =
      static_cast<double>(filling.bytes_done) / static_cast<double>(filling.bytes_total);
  return std::min<std::uint64_t>(static_cast<std::uint64_t>(share * 100), 99);
}

void keep_fillings(const std::string& policy,
                   Journal& journal,
                   const std::vector<RunOutcome>& outcomes,
                   Instant seen) {
  const Fillings known = load_fillings(policy, journal);
  std::vector<DestinationFigure> figures;
  for (const RunOutcome& outcome : outcomes) {
    const auto add = [&](const char* name, std::uint64_t value) {
      figures.push_back({outcome.destination, outcome.source, name, value, seen});
    };
    if (outcome.filling) {
      add(kState, 1);
      add(kDone, outcome.filling->bytes_done);
      add(kTotal, outcome.filling->bytes_total);
      add(kExpected, seconds_of(outcome.filling->expected));
    } else if (outcome.snapshot && known.contains({outcome.source, outcome.destination})) {
      add(kState, 0);
    }
  }
  if (!figures.empty()) journal.save_figures(policy, figures);
}

Fillings load_fillings(const std::string& policy, Journal& journal) {
  Fillings fillings;
  const std::vector<DestinationFigure> figures = journal.figures(policy);
  for (const DestinationFigure& figure : figures) {
    if (figure.name == kState && figure.value > 0) fillings[{figure.source, figure.destination}];
  }
  for (const DestinationFigure& figure : figures) {
    const auto found = fillings.find({figure.source, figure.destination});
    if (found != fillings.end()) take_figure(found->second, figure);
  }
  return fillings;
}

}  // namespace hikae
