// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "format/time.h"
#include "service/rebuild_journal.h"
#include "service/run_parts.h"
#include "service/slot_tag.h"

namespace hikae {
namespace {

// The generation of this slot that an earlier try has sealed in this destination.
const SnapshotRecord* find_sealed(const RunContext& run,
                                  std::size_t destination,
                                  const std::string& source) {
  const std::string tag = slot_tag(run.options.slot->scheduled);
  for (const SnapshotRecord& record : run.snapshots[destination]) {
    const auto& tags = record.snapshot.tags;
    const bool is_of_slot = std::find(tags.begin(), tags.end(), tag) != tags.end();
    if (is_of_slot && is_of_source(record.snapshot, source)) return &record;
  }
  return nullptr;
}

void add_outcome(RunContext& run, std::size_t number, const std::string& source) {
  const OpenDestination& open = run.destinations[number];
  RunOutcome outcome;
  outcome.source = source;
  outcome.destination = open.destination->name;
  if (!open.is_good()) outcome.failure = open.failure;
  if (const SnapshotRecord* sealed = find_sealed(run, number, source)) {
    outcome.snapshot = sealed->id;
    outcome.was_sealed_before = true;
    outcome.unreadable = unreadable_items(sealed->snapshot);
  }
  run.report.outcomes.push_back(std::move(outcome));
}

}  // namespace

std::string slot_tag(Instant scheduled) {
  const Instant second = std::chrono::floor<std::chrono::seconds>(scheduled);
  return std::string(kSlotTag) + format::to_rfc3339(format::to_timestamp(second));
}

std::optional<Instant> slot_of(const format::Snapshot& snapshot) {
  const auto value = tag_value(snapshot, kSlotTag);
  if (!value) return std::nullopt;
  const auto time = format::parse_rfc3339(*value);
  return time ? std::optional(format::to_instant(*time)) : std::nullopt;
}

Adopted adopt_sealed(RunContext& run, const policy::Source& source) {
  if (!run.options.slot) return Adopted::no;
  const format::Snapshot* made = nullptr;
  for (std::size_t i = 0; i < run.destinations.size() && made == nullptr; ++i) {
    if (!run.destinations[i].is_good()) continue;
    if (const SnapshotRecord* sealed = find_sealed(run, i, source.name)) made = &sealed->snapshot;
  }
  if (made == nullptr) return Adopted::no;
  run.made.emplace(source.name, *made);
  for (std::size_t i = 0; i < run.destinations.size(); ++i) add_outcome(run, i, source.name);
  SourceOutcome outcome;
  outcome.source = source.name;
  outcome.summary = made->summary;
  run.report.sources.push_back(std::move(outcome));
  return Adopted::yes;
}

}  // namespace hikae
