// SPDX-License-Identifier: Apache-2.0
#include "cli/slot_views.h"

#include "cli/tick_output.h"
#include "policy/time_zone.h"

namespace hikae::cli {
namespace {

constexpr int kNextShown = 3;
constexpr std::size_t kMostUnacknowledged = 5;

bool wants_acknowledging(const SlotRecord& slot) {
  return (slot.state == SlotState::failed || slot.state == SlotState::missed) && !slot.acknowledged;
}

}  // namespace

std::vector<GroupView> view_groups(const Session& session,
                                   const policy::Policy& policy,
                                   Journal& journal) {
  const Instant now = session.environment.clock.now();
  std::vector<GroupView> views;
  for (ScheduleGroup& group : schedule_groups(policy)) {
    GroupView view{group, {}, std::nullopt};
    std::optional<Instant> at = now;
    for (int i = 0; i < kNextShown && at; ++i) {
      at = group.schedule.next_after(*at);
      if (at) view.next.push_back(*at);
    }
    view.last = journal.slots().newest(policy.name, group.job, group.group, now);
    views.push_back(std::move(view));
  }
  return views;
}

void say_slots(const Session& session, const policy::Policy& policy, Journal& journal) {
  const Language language = session.console.language();
  for (const GroupView& view : view_groups(session, policy, journal)) {
    std::string last = "-";
    if (view.last) {
      last = policy::policy_time(policy.timezone, view.last->id.scheduled) + " " +
             render(state_word(view.last->state), language);
    }
    const std::string next =
        view.next.empty() ? "-" : policy::policy_time(policy.timezone, view.next.front());
    session.console.say(text(
        "cli_due.slots",
        {{"job", render(job_word(view.group.job), language)}, {"last", last}, {"next", next}}));
  }
}

void say_unacknowledged(const Session& session,
                        const policy::Policy& policy,
                        const std::vector<SlotRecord>& slots) {
  const Language language = session.console.language();
  std::size_t count = 0;
  for (const SlotRecord& slot : slots) {
    if (!wants_acknowledging(slot) || ++count > kMostUnacknowledged) continue;
    session.console.say(
        text("cli_due.waits_for_ack",
             {{"job", render(job_word(slot.id.job), language)},
              {"scheduled", policy::policy_time(policy.timezone, slot.id.scheduled)},
              {"state", render(state_word(slot.state), language)}}));
  }
  if (count > kMostUnacknowledged)
    session.console.say(text("cli_status.more_unacknowledged",
                             {{"count", std::to_string(count - kMostUnacknowledged)}}));
  if (count > 0) session.console.say(text("cli_status.acknowledge"));
}

void say_waiting(const Session& session,
                 const policy::Policy& policy,
                 const std::vector<Notice>& waiting) {
  if (waiting.empty()) return;
  session.console.say(
      text("cli_status.waiting",
           {{"count", std::to_string(waiting.size())},
            {"since", policy::policy_time(policy.timezone, waiting.front().created)}}));
}

}  // namespace hikae::cli
