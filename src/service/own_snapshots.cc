// SPDX-License-Identifier: Apache-2.0
#include "service/own_snapshots.h"

#include "policy/time_zone.h"

namespace hikae {

bool belongs_to(const format::Snapshot& snapshot,
                const policy::Policy& policy,
                const Environment& environment) {
  return snapshot.hostname == environment.identity.hostname &&
         tag_value(snapshot, kPolicyTag) == policy.name;
}

bool is_of_source(const format::Snapshot& snapshot, const std::string& source) {
  return tag_value(snapshot, kSourceTag) == source;
}

const policy::RetentionRules* retention_of(const policy::Policy& policy,
                                           const policy::Source& source,
                                           const policy::Destination& destination) {
  if (source.retention) return &*source.retention;
  if (destination.retention) return &*destination.retention;
  return policy.retention ? &*policy.retention : nullptr;
}

policy::RetentionPlan plan_source_retention(const policy::Policy& policy,
                                            const policy::RetentionRules& rules,
                                            const std::vector<SnapshotRecord>& snapshots,
                                            Instant now) {
  std::vector<policy::RetentionSnapshot> facts;
  for (const SnapshotRecord& record : snapshots) {
    policy::RetentionSnapshot fact;
    fact.id = record.id.hex();
    fact.time = format::to_instant(record.snapshot.time);
    fact.utc_offset = std::chrono::seconds(record.snapshot.time.offset);
    fact.tags = record.snapshot.tags;
    const auto unreadable = tag_value(record.snapshot, kUnreadableTag);
    fact.completeness =
        unreadable ? policy::Completeness::has_unreadable_items : policy::Completeness::complete;
    facts.push_back(std::move(fact));
  }
  const policy::TimeZone zone =
      policy.timezone.empty() ? policy::TimeZone::utc() : policy::TimeZone::named(policy.timezone);
  return policy::plan_retention(facts, rules, zone, now);
}

}  // namespace hikae
