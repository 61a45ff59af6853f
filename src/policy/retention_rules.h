// SPDX-License-Identifier: Apache-2.0
// The parts that plan_retention() is made of; for retention*.cc only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/retention.h"

namespace hikae::policy {

enum class BucketUnit { single, hour, day, week, month, year };

// One counting rule and its twin that counts within a span.
struct Tier {
  BucketUnit unit;
  std::string_view name;  // "daily"
  int RetentionRules::*count;
  CalendarSpan RetentionRules::*within;  // null for `last`
  int RetentionCounters::*counter;
};

// From fine to coarse.
inline constexpr std::array<Tier, 6> kTiers = {{
    {BucketUnit::single, "last", &RetentionRules::last, nullptr, &RetentionCounters::last},
    {BucketUnit::hour,
     "hourly",
     &RetentionRules::hourly,
     &RetentionRules::within_hourly,
     &RetentionCounters::hourly},
    {BucketUnit::day,
     "daily",
     &RetentionRules::daily,
     &RetentionRules::within_daily,
     &RetentionCounters::daily},
    {BucketUnit::week,
     "weekly",
     &RetentionRules::weekly,
     &RetentionRules::within_weekly,
     &RetentionCounters::weekly},
    {BucketUnit::month,
     "monthly",
     &RetentionRules::monthly,
     &RetentionRules::within_monthly,
     &RetentionCounters::monthly},
    {BucketUnit::year,
     "yearly",
     &RetentionRules::yearly,
     &RetentionRules::within_yearly,
     &RetentionCounters::yearly},
}};

struct RetentionItem {
  SnapshotDecision decision;
  LocalTime local;
  bool counted = false;  // kept by a counting rule; only such a one covers coarser buckets

  bool is_kept() const { return !decision.reasons.empty(); }
  void keep(std::string rule, Text why) {
    decision.reasons.push_back({std::move(rule), std::move(why)});
  }
};

struct RetentionWork {
  const std::vector<RetentionSnapshot>& snapshots;
  const RetentionRules& rules;
  const TimeZone& zone;
  LocalTimes local_times;
  std::vector<RetentionItem> items;   // newest first
  std::optional<std::size_t> latest;  // the item that spans count back from

  const RetentionSnapshot& snapshot(std::size_t item) const {
    return snapshots[items[item].decision.index];
  }
  bool is_complete(std::size_t item) const {
    return snapshot(item).completeness == Completeness::complete;
  }
  LocalTime local_time(const RetentionSnapshot& snapshot) const;
  // Numbers the hours, days, … of the wall clock; of `last`, the items themselves.
  std::int64_t bucket(const Tier& tier, std::size_t item) const;
  // "2026-11-23", "2026-W48", …
  std::string bucket_name(const Tier& tier, std::size_t item) const;
  bool uses(const Tier& tier) const;
  // Later than `span` before the latest item.
  bool is_within(std::size_t item, const CalendarSpan& span) const;
};

void apply_additive(RetentionWork& work);
void apply_overlapping(RetentionWork& work);

std::vector<std::string> split_tags(std::string_view list);
bool has_tags(const std::vector<std::string>& tags, const std::vector<std::string>& wanted);
// "daily 3, weekly 4", for people.
std::string describe(const RetentionRules& rules);

}  // namespace hikae::policy
