// SPDX-License-Identifier: Apache-2.0
#include "policy/retention.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "policy/retention_rules.h"

namespace hikae::policy {
namespace {

[[noreturn]] void fail_span(std::string_view whole, std::string_view key) {
  throw Error(ErrorCode::invalid_argument, text(key, {{"span", std::string(whole)}}))
      .with_hint(text("schedule.span_hint"));
}

void sort_newest_first(RetentionWork& work) {
  std::sort(work.items.begin(), work.items.end(), [&](const auto& a, const auto& b) {
    const RetentionSnapshot& x = work.snapshots[a.decision.index];
    const RetentionSnapshot& y = work.snapshots[b.decision.index];
    return x.time != y.time ? x.time > y.time : x.id < y.id;
  });
}

// The newest snapshot that lies before `now`.
std::optional<std::size_t> find_latest(const RetentionWork& work, Instant now) {
  for (std::size_t i = 0; i < work.items.size(); ++i) {
    if (work.snapshot(i).time < now) return i;
  }
  return std::nullopt;
}

void keep_everything(RetentionWork& work) {
  for (RetentionItem& item : work.items) {
    item.keep("policy is empty", text("schedule.keep_no_rules"));
  }
}

// Held and recent snapshots stay whatever the counts say.
void apply_uncounted(RetentionWork& work) {
  for (std::size_t i = 0; i < work.items.size(); ++i) {
    for (const std::string& hold : work.rules.hold) {
      const std::vector<std::string> tags = split_tags(hold);
      if (!has_tags(work.snapshot(i).tags, tags)) continue;
      work.items[i].keep(fmt::format("has tags [{}]", fmt::join(tags, ", ")),
                         text("schedule.keep_hold", {{"tags", hold}}));
    }
    const CalendarSpan& within = work.rules.within;
    if (!within.is_zero() && work.is_within(i, within)) {
      work.items[i].keep("within " + to_string(within),
                         text("schedule.keep_within", {{"span", to_string(within)}}));
    }
  }
}

void apply_minimum(RetentionWork& work) {
  const auto is_kept = [](const RetentionItem& item) { return item.is_kept(); };
  auto kept = std::count_if(work.items.begin(), work.items.end(), is_kept);
  const auto raise = [&](bool complete_only) {
    for (std::size_t i = 0; i < work.items.size() && kept < work.rules.minimum; ++i) {
      if (work.items[i].is_kept() || (complete_only && !work.is_complete(i))) continue;
      work.items[i].keep(
          "minimum",
          text("schedule.keep_minimum", {{"count", std::to_string(work.rules.minimum)}}));
      ++kept;
    }
  };
  if (work.rules.overlap == Overlap::additive) raise(true);
  raise(false);
}

// The kept snapshot that stands in each bucket of a rule: the newest.
using Successors = std::unordered_map<std::int64_t, std::size_t>;

Successors find_successors(const RetentionWork& work, const Tier& tier) {
  Successors successors;
  for (std::size_t i = 0; i < work.items.size(); ++i) {
    if (work.items[i].is_kept()) successors.try_emplace(work.bucket(tier, i), i);
  }
  return successors;
}

// A removal names the coarsest rule in whose bucket another snapshot stands for it; without any,
// all rules have let it go.
void explain_removals(RetentionWork& work) {
  std::vector<RetentionReason> reasons(work.items.size());
  for (const Tier& tier : kTiers) {
    if (tier.unit == BucketUnit::single || !work.uses(tier)) continue;
    const Successors successors = find_successors(work, tier);
    for (std::size_t i = 0; i < work.items.size(); ++i) {
      if (work.items[i].is_kept()) continue;
      const auto found = successors.find(work.bucket(tier, i));
      if (found == successors.end()) continue;
      reasons[i] = {"superseded",
                    text("schedule.remove_superseded",
                         {{"rule", std::string(tier.name)},
                          {"bucket", work.bucket_name(tier, i)},
                          {"by", format_local(work.items[found->second].local)}})};
    }
  }
  const RetentionReason expired{"expired",
                                text("schedule.remove_expired", {{"rules", describe(work.rules)}})};
  for (std::size_t i = 0; i < work.items.size(); ++i) {
    RetentionItem& item = work.items[i];
    if (item.is_kept()) continue;
    item.decision.decision = Decision::remove;
    item.decision.reasons.push_back(reasons[i].rule.empty() ? expired : reasons[i]);
  }
}

}  // namespace

CalendarSpan parse_calendar_span(std::string_view whole) {
  CalendarSpan span;
  std::string_view rest = whole;
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
  while (!rest.empty()) {
    const bool negative = rest.front() == '-';
    if (negative) rest.remove_prefix(1);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0 || digits > 6) fail_span(whole, "schedule.span_number");
    int number = 0;
    for (const char c : rest.substr(0, digits)) number = number * 10 + (c - '0');
    if (negative) number = -number;
    const char unit = digits < rest.size() ? rest[digits] : '\0';
    switch (unit) {
      case 'y':
        span.years = number;
        break;
      case 'm':
        span.months = number;
        break;
      case 'd':
        span.days = number;
        break;
      case 'h':
        span.hours = number;
        break;
      default:
        fail_span(whole, "schedule.span_unit");
    }
    rest.remove_prefix(digits + 1);
  }
  return span;
}

std::string to_string(const CalendarSpan& span) {
  std::string out;
  const auto add = [&](int number, char unit) {
    if (number != 0) out += fmt::format("{}{}", number, unit);
  };
  add(span.years, 'y');
  add(span.months, 'm');
  add(span.days, 'd');
  add(span.hours, 'h');
  return out;
}

bool RetentionRules::is_empty() const {
  RetentionRules nothing;
  nothing.overlap = overlap;
  nothing.restic_form = restic_form;
  nothing.minimum = minimum;
  return *this == nothing;
}

std::size_t RetentionPlan::kept() const {
  return decisions.size() - removed();
}

std::size_t RetentionPlan::removed() const {
  return static_cast<std::size_t>(
      std::count_if(decisions.begin(), decisions.end(), [](const SnapshotDecision& decision) {
        return decision.decision == Decision::remove;
      }));
}

RetentionPlan plan_retention(const std::vector<RetentionSnapshot>& snapshots,
                             const RetentionRules& rules,
                             const TimeZone& zone,
                             Instant now,
                             LocalTimes local_times) {
  RetentionWork work{snapshots, rules, zone, local_times, {}, std::nullopt};
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    RetentionItem item;
    item.decision.index = i;
    item.decision.id = snapshots[i].id;
    item.local = work.local_time(snapshots[i]);
    work.items.push_back(std::move(item));
  }
  sort_newest_first(work);
  work.latest = find_latest(work, now);

  if (rules.is_empty()) {
    keep_everything(work);
  } else {
    apply_uncounted(work);
    if (rules.overlap == Overlap::overlapping) {
      apply_overlapping(work);
    } else {
      apply_additive(work);
    }
    apply_minimum(work);
    explain_removals(work);
  }

  RetentionPlan plan;
  for (RetentionItem& item : work.items) plan.decisions.push_back(std::move(item.decision));
  return plan;
}

}  // namespace hikae::policy
