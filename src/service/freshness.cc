// SPDX-License-Identifier: Apache-2.0
#include "service/freshness.h"

#include <algorithm>

#include "policy/schedule.h"

namespace hikae {

std::optional<Instant> due_moment(const policy::Policy& policy,
                                  const std::string& schedule,
                                  Instant now) {
  if (schedule.empty()) return std::nullopt;
  const policy::TimeZone zone =
      policy.timezone.empty() ? policy::TimeZone::utc() : policy::TimeZone::named(policy.timezone);
  return policy::parse_schedule(schedule, zone).last_until(now - policy.schedule.window);
}

std::optional<Instant> due_moment(const policy::Policy& policy,
                                  const policy::Source& source,
                                  Instant now) {
  return due_moment(policy, policy::backup_schedule_of(policy, source), now);
}

std::size_t count_undelivered(const std::string& policy, Journal& journal, Instant now) {
  constexpr std::chrono::hours kHiccup{2};
  const std::vector<Notice> waiting = journal.notices().waiting(policy);
  return static_cast<std::size_t>(
      std::count_if(waiting.begin(), waiting.end(), [&](const Notice& notice) {
        return notice.created + kHiccup < now;
      }));
}

}  // namespace hikae
