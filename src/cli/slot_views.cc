// SPDX-License-Identifier: Apache-2.0
#include "cli/slot_views.h"

#include "cli/tick_output.h"
#include "policy/time_zone.h"

namespace hikae::cli {
namespace {

constexpr int kNextShown = 3;

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

}  // namespace hikae::cli
