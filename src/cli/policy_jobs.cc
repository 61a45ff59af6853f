// SPDX-License-Identifier: Apache-2.0
// What a policy comes to: its jobs, and the generations that it holds.
#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "cli/cmd_policy.h"

namespace hikae::cli {
namespace {

template <typename Named>
void require_name(const std::vector<Named>& all, const std::string& name, std::string_view key) {
  if (name.empty()) return;
  std::vector<std::string> names;
  for (const Named& one : all) {
    if (one.name == name) return;
    names.push_back(one.name);
  }
  throw Error(ErrorCode::invalid_argument, text(key, {{"name", name}}))
      .with_hint(text("service.known_names", {{"names", joined(names)}}));
}

// One source, its destinations grouped by what they keep of it.
void add_source(std::vector<KeptAlike>& groups,
                const policy::Policy& policy,
                const policy::Source& source,
                const std::string& only_destination) {
  std::vector<KeptAlike> own;
  for (const policy::Destination& destination : policy.destinations) {
    if (!only_destination.empty() && destination.name != only_destination) continue;
    const auto rules = retention_for(policy, source, destination);
    const auto same = std::find_if(
        own.begin(), own.end(), [&](const KeptAlike& group) { return group.rules == rules; });
    if (same != own.end()) {
      same->destinations.push_back(destination.name);
    } else {
      own.push_back({{}, {destination.name}, backup_schedule_of(policy, source), rules});
    }
  }
  for (KeptAlike& group : own) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const KeptAlike& other) {
      return other.destinations == group.destinations && other.schedule == group.schedule &&
             other.rules == group.rules;
    });
    KeptAlike& target = same == groups.end() ? groups.emplace_back(std::move(group)) : *same;
    target.sources.push_back(source.name);
  }
}

bool has_spans(const policy::RetentionRules& rules) {
  return !(rules.within.is_zero() && rules.within_hourly.is_zero() &&
           rules.within_daily.is_zero() && rules.within_weekly.is_zero() &&
           rules.within_monthly.is_zero() && rules.within_yearly.is_zero());
}

int days_in(const policy::CalendarSpan& span) {
  return span.years * 366 + span.months * 31 + span.days + span.hours / 24 + 1;
}

// Long enough that every rule is full.
int days_until_balance(const policy::RetentionRules& rules) {
  constexpr std::int64_t kMostDays = 7320;  // 20 years
  const std::int64_t counted = std::int64_t{rules.last} + rules.hourly + rules.daily +
                               7LL * rules.weekly + 31LL * rules.monthly + 366LL * rules.yearly;
  std::int64_t days = counted;
  for (const auto* span : {&rules.within,
                           &rules.within_hourly,
                           &rules.within_daily,
                           &rules.within_weekly,
                           &rules.within_monthly,
                           &rules.within_yearly}) {
    days = std::max<std::int64_t>(days, counted + days_in(*span));
  }
  return static_cast<int>(std::min(days, kMostDays));
}

// The newest slots, and of each older day only one, since older hours count for nothing:
// newest first.
std::vector<policy::RetentionSnapshot> history(const policy::Schedule& schedule,
                                               Instant end,
                                               int days) {
  constexpr std::size_t kMostHours = 2000;
  const Instant begin = end - std::chrono::days(days);
  std::vector<policy::RetentionSnapshot> made;
  auto slot = schedule.last_until(end);
  while (slot && *slot >= begin) {
    policy::RetentionSnapshot snapshot;
    snapshot.time = *slot;
    made.push_back(std::move(snapshot));
    const auto step =
        made.size() < kMostHours ? Instant::duration(1) : Instant::duration(std::chrono::days(1));
    slot = schedule.last_until(*slot - step);
  }
  return made;
}

// The count differs by the day of the week and of the month; a month shows the greatest.
std::size_t most_generations(const KeptAlike& group, const policy::TimeZone& zone, Instant now) {
  constexpr int kMonth = 31;
  const policy::Schedule schedule = policy::parse_schedule(group.schedule, zone);
  const int days = days_until_balance(*group.rules) + kMonth;
  auto made = history(schedule, now, days + kMonth);
  std::size_t most = 0;
  for (int day = 0; day < kMonth; ++day) {
    const Instant end = now - std::chrono::days(day);
    const auto first = std::find_if(
        made.begin(), made.end(), [&](const auto& snapshot) { return snapshot.time < end; });
    made.erase(made.begin(), first);
    most = std::max(most, policy::plan_retention(made, *group.rules, zone, end).kept());
  }
  return most;
}

}  // namespace

std::vector<KeptAlike> kept_alike(const policy::Policy& policy,
                                  const std::string& source,
                                  const std::string& destination) {
  require_name(policy.sources, source, "service.unknown_source");
  require_name(policy.destinations, destination, "service.unknown_destination");
  std::vector<KeptAlike> groups;
  for (const policy::Source& one : policy.sources) {
    if (source.empty() || one.name == source) add_source(groups, policy, one, destination);
  }
  return groups;
}

std::optional<std::size_t> generations_held(const KeptAlike& group,
                                            const policy::TimeZone& zone,
                                            Instant now) {
  if (!group.rules || group.rules->is_empty()) return std::nullopt;
  const policy::RetentionRules& rules = *group.rules;
  std::size_t sum = 0;
  for (const int count :
       {rules.last, rules.hourly, rules.daily, rules.weekly, rules.monthly, rules.yearly}) {
    if (count < 0) return std::nullopt;
    sum += static_cast<std::size_t>(count);
  }
  const bool adds_up = rules.overlap == policy::Overlap::additive && !has_spans(rules);
  if (!adds_up && !group.schedule.empty()) sum = most_generations(group, zone, now);
  return std::max<std::size_t>(sum, static_cast<std::size_t>(std::max(rules.minimum, 0)));
}

std::vector<PolicyJob> jobs_of(const policy::Policy& policy, const policy::TimeZone& zone) {
  std::vector<PolicyJob> jobs;
  std::vector<std::pair<std::string, std::vector<std::string>>> backups;
  for (const policy::Source& source : policy.sources) {
    const std::string& schedule = backup_schedule_of(policy, source);
    if (schedule.empty()) continue;
    const auto same = std::find_if(
        backups.begin(), backups.end(), [&](const auto& one) { return one.first == schedule; });
    auto& group =
        same == backups.end() ? backups.emplace_back(schedule, std::vector<std::string>()) : *same;
    group.second.push_back(source.name);
  }
  for (auto& [schedule, sources] : backups) {
    const bool is_all = sources.size() == policy.sources.size();
    jobs.push_back({"backup",
                    is_all ? std::vector<std::string>() : std::move(sources),
                    policy::parse_schedule(schedule, zone)});
  }
  const std::array<std::pair<const char*, const std::string&>, 4> others = {
      {{"check", policy.schedule.check},
       {"prune", policy.schedule.prune},
       {"drill", policy.schedule.drill},
       {"review", policy.schedule.review}}};
  for (const auto& [name, schedule] : others) {
    if (!schedule.empty()) jobs.push_back({name, {}, policy::parse_schedule(schedule, zone)});
  }
  return jobs;
}

}  // namespace hikae::cli
