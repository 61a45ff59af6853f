// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

#include <fmt/format.h>

#include "policy/retention_rules.h"

namespace hikae::policy {
namespace {

struct Bucket {
  std::vector<std::size_t> items;  // newest first
};

// In the order of their newest items. A bucket's items need not be neighbours: an hour comes twice
// when the clocks are set back.
std::vector<Bucket> collect(const RetentionWork& work, const Tier& tier) {
  std::vector<Bucket> buckets;
  std::unordered_map<std::int64_t, std::size_t> places;
  for (std::size_t i = 0; i < work.items.size(); ++i) {
    const auto [place, is_new] = places.try_emplace(work.bucket(tier, i), buckets.size());
    if (is_new) buckets.emplace_back();
    buckets[place->second].items.push_back(i);
  }
  return buckets;
}

// The newest without unreadable items, else the newest.
std::size_t best_of(const RetentionWork& work, const std::vector<std::size_t>& items) {
  for (const std::size_t item : items) {
    if (work.is_complete(item)) return item;
  }
  return items.front();
}

enum class Cover { none, incomplete, complete };

// By what finer counting rules keep in this bucket.
Cover cover_of(const RetentionWork& work, const std::vector<std::size_t>& items) {
  Cover cover = Cover::none;
  for (const std::size_t item : items) {
    if (!work.items[item].counted) continue;
    if (work.is_complete(item)) return Cover::complete;
    cover = Cover::incomplete;
  }
  return cover;
}

void apply_count(RetentionWork& work, const Tier& tier) {
  int left = work.rules.*tier.count;
  if (left == 0) return;
  // Filled while looking and applied afterwards: a rule does not cover its own buckets.
  std::vector<std::size_t> chosen;
  for (const Bucket& bucket : collect(work, tier)) {
    if (left == 0) break;
    const std::size_t best = best_of(work, bucket.items);
    const Cover cover = cover_of(work, bucket.items);
    if (cover == Cover::complete) continue;
    if (cover == Cover::incomplete) {
      if (work.is_complete(best)) chosen.push_back(best);
      continue;
    }
    chosen.push_back(best);
    if (left > 0) --left;
  }
  for (const std::size_t item : chosen) {
    work.items[item].counted = true;
    work.items[item].keep(fmt::format("{} snapshot", tier.name),
                          text("schedule.keep_count",
                               {{"rule", std::string(tier.name)},
                                {"count", std::to_string(work.rules.*tier.count)},
                                {"bucket", work.bucket_name(tier, item)}}));
  }
}

void apply_within(RetentionWork& work, const Tier& tier) {
  if (tier.within == nullptr) return;
  const CalendarSpan& span = work.rules.*tier.within;
  if (span.is_zero()) return;
  for (const Bucket& bucket : collect(work, tier)) {
    std::vector<std::size_t> recent;
    for (const std::size_t item : bucket.items) {
      if (work.is_within(item, span)) recent.push_back(item);
    }
    if (recent.empty()) continue;
    const std::size_t best = best_of(work, recent);
    work.items[best].keep(fmt::format("{} within {}", tier.name, to_string(span)),
                          text("schedule.keep_count_within",
                               {{"rule", std::string(tier.name)},
                                {"span", to_string(span)},
                                {"bucket", work.bucket_name(tier, best)}}));
  }
}

}  // namespace

void apply_additive(RetentionWork& work) {
  for (const Tier& tier : kTiers) apply_count(work, tier);
  for (const Tier& tier : kTiers) apply_within(work, tier);
}

}  // namespace hikae::policy
