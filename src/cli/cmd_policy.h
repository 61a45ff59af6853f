// SPDX-License-Identifier: Apache-2.0
// What the verbs of "hikae policy" share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "policy/retention.h"
#include "policy/schedule.h"

namespace hikae::cli {

// `file` is the verb's argument; empty means --policy.
LoadedPolicy load_policy_file(const Session& session, const std::string& file);

// Sources and destinations that keep the same generations: each of these sources in each of these
// destinations is backed up by the same schedule and follows the same rules.
struct KeptAlike {
  std::vector<std::string> sources;
  std::vector<std::string> destinations;
  std::string schedule;                         // empty: no backup is scheduled
  std::optional<policy::RetentionRules> rules;  // nothing: nothing is deleted

  bool operator==(const KeptAlike&) const = default;
};
// In file order. A name that is given leaves the others out; Error{invalid_argument} when the
// policy has none of that name.
std::vector<KeptAlike> kept_alike(const policy::Policy& policy,
                                  const std::string& source,
                                  const std::string& destination);

// How many generations the rules hold once they are in balance; nullopt: without limit.
std::optional<std::size_t> generations_held(const KeptAlike& group,
                                            const policy::TimeZone& zone,
                                            Instant now);

// A job of the policy and when it is due.
struct PolicyJob {
  std::string name;                  // "backup", "check", …
  std::vector<std::string> sources;  // of a backup that not all sources share; else empty
  policy::Schedule schedule;
};
std::vector<PolicyJob> jobs_of(const policy::Policy& policy, const policy::TimeZone& zone);

// Something in a valid policy that its author should know.
struct PolicyFinding {
  policy::Place place;  // {0, 0}: nowhere in particular
  Text message;
};
// Throws Error{invalid_argument} with the place as context for a location that cannot be right.
std::vector<PolicyFinding> review_policy(const LoadedPolicy& loaded,
                                         const Environment& environment);

// "Mon 2026-11-23", and with the time of day.
std::string day_for_people(policy::LocalDay day, Language language);
std::string moment_for_people(policy::LocalTime time, Language language);
// "daily 3, weekly 4"; what keeps everything for nullopt.
std::string rules_for_people(const std::optional<policy::RetentionRules>& rules, Language language);
// "a, b".
std::string joined(const std::vector<std::string>& words);
// RFC 3339 with the zone's offset, for machines.
std::string moment_for_machines(Instant when, const policy::TimeZone& zone);

void add_policy_check(Command& group, const Session& session);
// new and from-scripts.
void add_policy_proposals(Command& group, const Session& session);
void add_policy_simulate(Command& group, const Session& session);

}  // namespace hikae::cli
