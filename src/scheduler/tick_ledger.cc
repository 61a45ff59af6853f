// SPDX-License-Identifier: Apache-2.0
#include "scheduler/tick_ledger.h"

#include <algorithm>
#include <map>

#include "format/time.h"
#include "service/own_snapshots.h"
#include "service/rebuild_journal.h"
#include "service/slot_tag.h"

namespace hikae {
namespace {

// What the repositories hold of this policy and host.
std::vector<KnownSnapshots> read_known(const TickContext& context, const StopToken& stop) {
  OpenRequest request;
  request.mode = AccessMode::read_only;
  request.load_index = OpenRequest::LoadIndex::no;
  std::vector<KnownSnapshots> known;
  std::optional<Error> failure;
  for (OpenDestination& open :
       open_destinations(context.policy, request, context.environment, stop)) {
    try {
      if (open.failure) throw Error(*open.failure);
      KnownSnapshots place{open.destination->name, {}};
      for (SnapshotRecord& record :
           open.repository->load_snapshots(context.environment.log, stop)) {
        if (belongs_to(record.snapshot, context.policy, context.environment))
          place.snapshots.push_back(std::move(record));
      }
      known.push_back(std::move(place));
    } catch (const Error& error) {
      if (!failure) failure = error;
    }
  }
  if (known.empty() && failure) throw Error(*failure).with_context(text("service_due.beginning"));
  return known;
}

void begin_from_repositories(const TickContext& context,
                             const std::vector<ScheduleGroup>& groups,
                             const StopToken& stop) {
  const Instant now = context.environment.clock.now();
  const auto known = read_known(context, stop);
  if (context.journal.runs(context.policy.name, 1).empty())
    rebuild_journal(context.policy, known, context.journal);
  std::vector<SnapshotRecord> all;
  for (const KnownSnapshots& place : known)
    all.insert(all.end(), place.snapshots.begin(), place.snapshots.end());
  SlotLedger& ledger = context.journal.slots();
  for (const ScheduleGroup& group : groups) {
    const auto covered = group.job == "backup" ? covered_until(group, all) : std::nullopt;
    // What came after the last generation and was not done is caught up.
    ledger.begin_group(context.policy.name,
                       group.job,
                       group.group,
                       covered ? std::min(*covered + std::chrono::nanoseconds(1), now) : now);
  }
}

}  // namespace

std::optional<Instant> covered_until(const ScheduleGroup& group,
                                     const std::vector<SnapshotRecord>& snapshots) {
  std::map<std::string, Instant> covered;
  for (const SnapshotRecord& record : snapshots) {
    const auto source = tag_value(record.snapshot, kSourceTag);
    if (!source) continue;
    const bool is_of_group =
        std::find(group.sources.begin(), group.sources.end(), *source) != group.sources.end();
    if (!is_of_group) continue;
    // One by hand, or of an older program, stands for the slots before it.
    const Instant until =
        slot_of(record.snapshot).value_or(format::to_instant(record.snapshot.time));
    const auto known = covered.emplace(*source, until).first;
    known->second = std::max(known->second, until);
  }
  std::optional<Instant> all;
  for (const auto& [source, until] : covered) all = all ? std::min(*all, until) : until;
  return all;
}

void ensure_groups(const TickContext& context,
                   const std::vector<ScheduleGroup>& groups,
                   const StopToken& stop) {
  SlotLedger& ledger = context.journal.slots();
  if (!ledger.knows(context.policy.name)) {
    begin_from_repositories(context, groups, stop);
    return;
  }
  // Else slots that a wrong clock had made would count as done when their day comes. Within a day
  // they stay, so that a clock that is set back a little runs nothing twice.
  const Instant tomorrow = context.environment.clock.now() + std::chrono::hours(24);
  const auto newest = ledger.slots(context.policy.name, 1);
  if (!newest.empty() && newest.front().id.scheduled > tomorrow)
    ledger.drop_future(context.policy.name, tomorrow);
  for (const ScheduleGroup& group : groups) {
    if (ledger.since(context.policy.name, group.job, group.group)) continue;
    ledger.begin_group(
        context.policy.name, group.job, group.group, context.environment.clock.now());
  }
}

void give_up_orphans(const TickContext& context,
                     const std::vector<ScheduleGroup>& groups,
                     DuePlan& plan) {
  const Instant now = context.environment.clock.now();
  for (const SlotRecord& slot : context.journal.slots().open_slots(context.policy.name)) {
    const bool has_group =
        std::any_of(groups.begin(), groups.end(), [&](const ScheduleGroup& group) {
          return group.job == slot.id.job && group.group == slot.id.group;
        });
    if (!has_group && slot.id.scheduled <= now) give_up(plan, slot, now);
  }
}

std::vector<GroupFacts> read_facts(const TickContext& context,
                                   const std::vector<ScheduleGroup>& groups) {
  SlotLedger& ledger = context.journal.slots();
  const Instant now = context.environment.clock.now();
  const std::vector<SlotRecord> open = ledger.open_slots(context.policy.name);
  std::vector<GroupFacts> facts;
  for (const ScheduleGroup& group : groups) {
    const auto since = ledger.since(context.policy.name, group.job, group.group);
    if (!since) continue;
    GroupFacts one{group, *since, std::nullopt, {}};
    if (const auto last = ledger.newest(context.policy.name, group.job, group.group, now))
      one.last = last->id.scheduled;
    for (const SlotRecord& slot : open) {
      if (slot.id.job == group.job && slot.id.group == group.group && slot.id.scheduled <= now)
        one.open.push_back(slot);
    }
    facts.push_back(std::move(one));
  }
  return facts;
}

}  // namespace hikae
