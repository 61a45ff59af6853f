// SPDX-License-Identifier: Apache-2.0
// Which snapshots of one source in one destination stay. Pure: `now` and the zone are arguments.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "policy/time_zone.h"

namespace hikae::policy {

// A span of the calendar as restic writes it: "1y5m7d2h"; m are months. May be negative there, so
// it may be here.
struct CalendarSpan {
  int years = 0;
  int months = 0;
  int days = 0;
  int hours = 0;
  bool is_zero() const { return *this == CalendarSpan{}; }
  bool operator==(const CalendarSpan&) const = default;
};
// Throws Error{invalid_argument}. An empty text is the zero span. Of a repeated unit the last wins,
// as in restic.
CalendarSpan parse_calendar_span(std::string_view text);
std::string to_string(const CalendarSpan& span);

enum class Overlap {
  // Each rule counts on top of the finer ones: daily 3 and weekly 4 are 7 generations.
  additive,
  // restic's counting: one snapshot may serve several rules.
  overlapping,
};

// Which restic `overlapping` equals. Since 0.17 the oldest snapshot is kept while a rule has counts
// left, and -1 means all.
enum class ResticForm { newest, v0_14 };

// Counts: 0 = no such rule, -1 = without limit. Spans: zero = no such rule; they count back from
// the newest snapshot that does not lie in the future.
struct RetentionRules {
  int last = 0;
  int hourly = 0;
  int daily = 0;
  int weekly = 0;
  int monthly = 0;
  int yearly = 0;
  CalendarSpan within;
  CalendarSpan within_hourly;
  CalendarSpan within_daily;
  CalendarSpan within_weekly;
  CalendarSpan within_monthly;
  CalendarSpan within_yearly;
  // Each entry is a list of tags, "a,b": a snapshot that has all of them stays. "" is a snapshot
  // without tags.
  std::vector<std::string> hold;
  Overlap overlap = Overlap::additive;
  ResticForm restic_form = ResticForm::newest;
  // Never fewer snapshots than this remain, as far as there are any.
  int minimum = 1;
  bool operator==(const RetentionRules&) const = default;

  // No rule that keeps anything: then nothing is removed.
  bool is_empty() const;
};

enum class Completeness { complete, has_unreadable_items };

struct RetentionSnapshot {
  std::string id;
  Instant time;
  // The offset that was written with the time; used only by LocalTimes::as_written.
  std::chrono::seconds utc_offset{0};
  std::vector<std::string> tags;
  Completeness completeness = Completeness::complete;
};

// Which wall clock tells the hour, day, week, … of a snapshot.
enum class LocalTimes {
  in_zone,     // the policy's time zone
  as_written,  // each snapshot's own offset, as restic does; the zone is that of this machine
};

enum class Decision { keep, remove };

// Why. `rule` is stable and for machines: restic's wording where restic has the rule ("daily
// snapshot", "oldest weekly snapshot", "within 1y", "weekly within 2m", "has tags [a, b]", "policy
// is empty"), else ours ("minimum"; for a removal "superseded" or "expired").
struct RetentionReason {
  std::string rule;
  Text text;
};

// What is left of each count after a snapshot was looked at; only overlapping rules fill it.
struct RetentionCounters {
  int last = 0;
  int hourly = 0;
  int daily = 0;
  int weekly = 0;
  int monthly = 0;
  int yearly = 0;
  bool operator==(const RetentionCounters&) const = default;
};

struct SnapshotDecision {
  std::size_t index = 0;  // into the snapshots that were given
  std::string id;
  Decision decision = Decision::keep;
  std::vector<RetentionReason> reasons;  // at least one, also for a removal
  RetentionCounters counters;
};

struct RetentionPlan {
  std::vector<SnapshotDecision> decisions;  // newest first; equal times by id
  std::size_t kept() const;
  std::size_t removed() const;
};

// Decides over all snapshots given, which are those of one source in one destination.
//
// Additive: the rules are applied from fine to coarse (last, hourly, daily, weekly, monthly,
// yearly). Each divides the snapshots into buckets (hours, days, ISO weeks, months, years of the
// wall clock) and goes through those that hold a snapshot, newest first. A bucket is covered, and
// costs nothing, when a finer counting rule keeps a snapshot that lies in it; of each of the next
// N buckets that are not covered, one is kept. Inside a bucket a snapshot without unreadable items
// goes before a newer one with them; a bucket that is covered only by snapshots with unreadable
// items keeps, beside them and without using the count, its newest one without. Thus daily 3 and
// weekly 4 hold 7 generations on each weekday, and applying the rules daily or once after years
// keeps equally many. `within…` and `hold` keep in addition and cover nothing.
//
// Overlapping: exactly restic's result (see ResticForm), unreadable items or not.
//
// Snapshots with equal times are ordered by id. A snapshot of the future is counted like any other
// but is not what spans count back from; if all are of the future, spans keep all.
RetentionPlan plan_retention(const std::vector<RetentionSnapshot>& snapshots,
                             const RetentionRules& rules,
                             const TimeZone& zone,
                             Instant now,
                             LocalTimes local_times = LocalTimes::in_zone);

}  // namespace hikae::policy
