// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "scheduler/due.h"

namespace hikae {
namespace {

using std::chrono::nanoseconds;

policy::TimeZone zone_of(const policy::Policy& policy) {
  return policy.timezone.empty() ? policy::TimeZone::utc()
                                 : policy::TimeZone::named(policy.timezone);
}

// Ticks come every few minutes; what is later than this was not picked up by the first of them.
constexpr std::chrono::minutes kPunctual{15};

void earliest(std::optional<Instant>& next, std::optional<Instant> candidate) {
  if (candidate && (!next || *candidate < *next)) next = candidate;
}

SlotRecord settle(SlotRecord slot, SlotState state, Instant now) {
  slot.state = state;
  slot.settled = now;
  slot.next_try.reset();
  return slot;
}

SlotRecord new_slot(const ScheduleGroup& group, Instant scheduled) {
  SlotRecord slot;
  slot.id = {group.job, group.group, scheduled};
  return slot;
}

class Planner {
 public:
  Planner(const policy::Policy& policy, Instant now) : policy_(policy), now_(now) {}

  void add(const GroupFacts& facts) {
    const policy::DueSlots due = policy::due_slots(
        facts.group.schedule, facts.last, facts.since, now_, policy_.schedule.catch_up);
    for (const Instant missed : due.missed)
      plan_.missed.push_back(settle(new_slot(facts.group, missed), SlotState::missed, now_));
    for (const SlotRecord& open : facts.open) {
      if (due.due) {
        give_up(plan_, open, now_);
      } else {
        try_again(facts.group, open);
      }
    }
    if (due.due) begin(facts, due);
    earliest(plan_.next, facts.group.schedule.next_after(now_));
  }

  DuePlan take() && { return std::move(plan_); }

 private:
  void begin(const GroupFacts& facts, const policy::DueSlots& due) {
    DueJob job;
    job.job = facts.group.job;
    job.slots = {new_slot(facts.group, *due.due)};
    job.sources = facts.group.sources;
    job.slot_sources = facts.group.sources;
    for (const Instant older : due.coalesced) {
      plan_.coalesced.push_back(settle(new_slot(facts.group, older), SlotState::coalesced, now_));
      job.stands_for.push_back(plan_.coalesced.back().id);
    }
    const bool is_late = now_ - *due.due > kPunctual || !job.stands_for.empty();
    job.reason = is_late ? DueJob::Reason::catch_up : DueJob::Reason::scheduled;
    join(std::move(job));
  }

  void try_again(const ScheduleGroup& group, const SlotRecord& open) {
    const bool was_killed = open.state == SlotState::running;
    const bool window_is_over = open.first_try && now_ - *open.first_try > policy_.schedule.window;
    if (open.attempts >= policy_.retry.attempts || (open.attempts > 0 && window_is_over)) {
      give_up(plan_, open, now_);
      return;
    }
    // Later than any window: it was written by a clock that ran ahead.
    const bool is_credible = open.next_try && *open.next_try <= now_ + policy_.schedule.window;
    if (!was_killed && is_credible && *open.next_try > now_) {
      earliest(plan_.next, open.next_try);
      return;
    }
    DueJob job;
    job.job = group.job;
    job.slots = {open};
    job.sources = open.repeat.empty() ? group.sources : in_group(open.repeat, group);
    job.slot_sources = group.sources;
    job.number = open.attempts + 1;
    job.reason = was_killed ? DueJob::Reason::killed : DueJob::Reason::retry;
    // A slot that waited for others' work is tried the first time.
    if (open.attempts == 0) job.reason = DueJob::Reason::scheduled;
    join(std::move(job));
  }

  // The policy may have lost a source since.
  static std::vector<std::string> in_group(const std::vector<std::string>& names,
                                           const ScheduleGroup& group) {
    std::vector<std::string> found;
    for (const std::string& name : group.sources) {
      if (std::find(names.begin(), names.end(), name) != names.end()) found.push_back(name);
    }
    return found;
  }

  // Sources that are due at one instant form one slot.
  void join(DueJob job) {
    for (DueJob& other : plan_.jobs) {
      const bool is_same = other.job == job.job && job.job == "backup" &&
                           other.id().scheduled == job.id().scheduled && other.number == job.number;
      if (!is_same) continue;
      other.slots.push_back(std::move(job.slots.front()));
      other.sources.insert(other.sources.end(), job.sources.begin(), job.sources.end());
      other.slot_sources.insert(
          other.slot_sources.end(), job.slot_sources.begin(), job.slot_sources.end());
      other.stands_for.insert(other.stands_for.end(), job.stands_for.begin(), job.stands_for.end());
      return;
    }
    plan_.jobs.push_back(std::move(job));
  }

  const policy::Policy& policy_;
  const Instant now_;
  DuePlan plan_;
};

}  // namespace

std::string_view to_string(DueJob::Reason reason) {
  switch (reason) {
    case DueJob::Reason::scheduled:
      return "scheduled";
    case DueJob::Reason::catch_up:
      return "catch_up";
    case DueJob::Reason::retry:
      return "retry";
    case DueJob::Reason::killed:
      return "killed";
  }
  return "scheduled";
}

std::vector<ScheduleGroup> schedule_groups(const policy::Policy& policy) {
  const policy::TimeZone zone = zone_of(policy);
  std::vector<ScheduleGroup> groups;
  for (const policy::Source& source : policy.sources) {
    const std::string& words = policy::backup_schedule_of(policy, source);
    if (words.empty()) continue;
    const std::string name = words == policy.schedule.backup ? "" : words;
    const auto same = std::find_if(
        groups.begin(), groups.end(), [&](const auto& group) { return group.group == name; });
    if (same != groups.end()) {
      same->sources.push_back(source.name);
    } else {
      groups.push_back({"backup", name, {source.name}, policy::parse_schedule(words, zone)});
    }
  }
  // A prune refuses a damaged repository, so the check that heals it comes first.
  const std::array<std::pair<const char*, const std::string&>, 2> others = {
      {{"check", policy.schedule.check}, {"prune", policy.schedule.prune}}};
  for (const auto& [job, words] : others) {
    if (!words.empty()) groups.push_back({job, "", {}, policy::parse_schedule(words, zone)});
  }
  return groups;
}

DuePlan plan_due(const policy::Policy& policy, const std::vector<GroupFacts>& facts, Instant now) {
  Planner planner(policy, now);
  for (const GroupFacts& group : facts) planner.add(group);
  return std::move(planner).take();
}

void give_up(DuePlan& plan, const SlotRecord& open, Instant now) {
  if (open.attempts == 0) {
    plan.coalesced.push_back(settle(open, SlotState::coalesced, now));
    return;
  }
  // One that is good somewhere stays partial.
  const bool is_partial = open.verdict == Verdict::partial;
  plan.failed.push_back(settle(open, is_partial ? SlotState::done : SlotState::failed, now));
}

std::optional<Instant> next_try(const policy::Policy& policy, const SlotRecord& slot, Instant now) {
  if (slot.attempts >= policy.retry.attempts || slot.attempts < 1) return std::nullopt;
  constexpr int kMostDoublings = 10;
  const auto wait = policy.retry.wait * (1LL << std::min(slot.attempts - 1, kMostDoublings));
  const Instant next = now + wait;
  const Instant window_end = slot.first_try.value_or(now) + policy.schedule.window;
  return next > window_end ? std::nullopt : std::optional(next);
}

}  // namespace hikae
