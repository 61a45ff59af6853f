// SPDX-License-Identifier: Apache-2.0
#include "service/low_space.h"

#include <algorithm>

#include "base/units.h"
#include "policy/values.h"

namespace hikae {
namespace {

constexpr std::size_t kMostRuns = 30;
// Of a source without a limit on its generations.
constexpr std::size_t kGenerationsAhead = 7;

// A first generation stores nearly all of its source; the later ones tell more.
bool is_whole(const SourceGrowth::Generation& generation) {
  return generation.added > generation.size / 2;
}

std::uint64_t usual_growth(const SourceGrowth& source) {
  std::uint64_t sum = 0;
  std::uint64_t count = 0;
  for (const auto& generation : source.generations) {
    if (is_whole(generation)) continue;
    sum += generation.added;
    ++count;
  }
  if (count > 0) return sum / count;
  if (source.generations.empty()) return 0;
  // The doctor's rule of thumb, until there is a second one. A source that changes as a whole each
  // time needs as much each time.
  const auto& newest = source.generations.front();
  return source.generations.size() == 1 ? newest.size / 50 : newest.added;
}

std::size_t generations_to_come(const SourceGrowth& source) {
  if (source.planned == 0) return kGenerationsAhead;
  const auto planned = static_cast<std::size_t>(source.planned);
  return planned > source.held ? planned - source.held : 1;
}

std::size_t held(const RunContext& run, const std::string& source, const std::string& destination) {
  for (const KeptGenerations& kept : run.report.kept) {
    if (kept.source == source && kept.destination == destination) return kept.count;
  }
  return 0;
}

std::vector<SourceGrowth> growth_in(const RunContext& run,
                                    const policy::Destination& destination,
                                    const std::vector<std::vector<RunItem>>& runs) {
  std::vector<SourceGrowth> sources;
  for (const policy::Source& source : run.policy.sources) {
    SourceGrowth growth;
    growth.planned = planned_generations(retention_for(run.policy, source, destination));
    growth.held = held(run, source.name, destination.name);
    for (const auto& items : runs) {
      for (const RunItem& item : items) {
        if (item.source == source.name && item.destination == destination.name &&
            item.verdict != Verdict::failed)
          growth.generations.push_back({item.bytes_stored, item.bytes});
      }
    }
    sources.push_back(std::move(growth));
  }
  return sources;
}

// The failure of the backup itself tells it already.
bool has_failed_for_it(const RunContext& run, const std::string& destination) {
  const auto& outcomes = run.report.outcomes;
  return std::any_of(outcomes.begin(), outcomes.end(), [&](const RunOutcome& outcome) {
    return outcome.destination == destination && outcome.failure &&
           outcome.failure->code() == ErrorCode::no_space;
  });
}

Text sentence_for(const SpaceOutlook& outlook, const policy::Destination& destination) {
  const Text::Arguments arguments = {{"destination", outlook.destination},
                                     {"free", format_bytes(outlook.space.free_bytes)},
                                     {"total", format_bytes(outlook.space.total_bytes)},
                                     {"limit", write_share(destination.min_free)},
                                     {"needed", format_bytes(outlook.needed)},
                                     {"generations", std::to_string(outlook.generations)}};
  return text(outlook.space.free_bytes < outlook.limit ? "service_space.below_limit"
                                                       : "service_space.below_need",
              arguments);
}

RoomBefore room_before(const std::optional<SlotRecord>& known) {
  return known && known->verdict == Verdict::warning ? RoomBefore::too_little : RoomBefore::enough;
}

void look_at(RunContext& run,
             const policy::Destination& destination,
             const Space& space,
             const std::vector<std::vector<RunItem>>& runs) {
  SlotLedger& ledger = run.journal.slots();
  const auto known =
      ledger.newest(run.policy.name, kSpaceJob, destination.name, run.report.finished);
  const SpaceOutlook outlook = foresee(destination.name,
                                       space,
                                       destination.min_free.of(space.total_bytes),
                                       growth_in(run, destination, runs));
  const RoomBefore before = room_before(known);
  const bool low = is_low(outlook, before);
  if (low == (before == RoomBefore::too_little)) return;
  if (low && !has_failed_for_it(run, destination.name)) {
    const Text sentence = sentence_for(outlook, destination);
    run.report.low_space.push_back(sentence);
    run.environment.log.warning(sentence);
  }
  SlotRecord record;
  record.id = {kSpaceJob, destination.name, run.report.finished};
  // Nothing that anybody has to acknowledge.
  record.state = SlotState::done;
  record.verdict = low ? Verdict::warning : Verdict::ok;
  record.settled = run.report.finished;
  ledger.save(run.policy.name, {record});
}

}  // namespace

int planned_generations(const std::optional<policy::RetentionRules>& rules) {
  if (!rules) return 0;
  int sum = 0;
  for (const int count :
       {rules->last, rules->hourly, rules->daily, rules->weekly, rules->monthly, rules->yearly}) {
    if (count < 0) return 0;
    sum += count;
  }
  return sum;
}

SpaceOutlook foresee(std::string destination,
                     const Space& space,
                     std::uint64_t limit,
                     const std::vector<SourceGrowth>& sources) {
  SpaceOutlook outlook;
  outlook.destination = std::move(destination);
  outlook.space = space;
  outlook.limit = limit;
  for (const SourceGrowth& source : sources) {
    const std::size_t count = generations_to_come(source);
    outlook.needed += usual_growth(source) * count;
    outlook.generations += count;
  }
  return outlook;
}

bool is_low(const SpaceOutlook& outlook, RoomBefore before) {
  std::uint64_t need = std::max(outlook.limit, outlook.needed);
  if (before == RoomBefore::too_little) need += need / 10;
  return outlook.space.free_bytes < need;
}

void find_low_space(RunContext& run, const std::map<std::string, Space>& space) {
  if (space.empty()) return;
  try {
    std::vector<std::vector<RunItem>> runs;
    for (const RunRecord& record : run.journal.runs(run.policy.name, kMostRuns)) {
      if (record.slot.job == "backup") runs.push_back(run.journal.items(record.id));
    }
    for (const policy::Destination& destination : run.policy.destinations) {
      const auto found = space.find(destination.name);
      if (found != space.end()) look_at(run, destination, found->second, runs);
    }
  } catch (const Error& error) {
    // The run itself is over, and its verdict does not hang on a guess about later ones.
    run.environment.log.warning(text("service_space.not_judged", {{"reason", error.what()}}));
  }
}

std::optional<SlotEvent> low_space_event(const SlotEvent& of_run) {
  if (!of_run.report || of_run.report->low_space.empty()) return std::nullopt;
  SlotEvent event;
  event.kind = EventKind::low_space;
  event.time = of_run.time;
  event.slot = of_run.slot;
  event.verdict = Verdict::warning;
  event.notes = of_run.report->low_space;
  event.next_step = text("service_space.hint");
  return event;
}

}  // namespace hikae
