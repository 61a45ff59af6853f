// SPDX-License-Identifier: Apache-2.0
// Sentences about times, generations, drills and reviews.
#include <array>

#include "policy/explainer.h"
#include "policy/values.h"

namespace hikae::policy {
namespace {

struct Counted {
  int count;
  std::string_view key;
};

std::array<Counted, 6> counted_rules(const RetentionRules& rules) {
  return {{{rules.last, "policy.explain.last"},
           {rules.hourly, "policy.explain.hourly"},
           {rules.daily, "policy.explain.daily"},
           {rules.weekly, "policy.explain.weekly"},
           {rules.monthly, "policy.explain.monthly"},
           {rules.yearly, "policy.explain.yearly"}}};
}

// "3 daily + 4 weekly" and what that comes to.
void explain_counts(Explainer& explainer, const RetentionRules& rules, const std::string& path) {
  std::string parts;
  int total = 0;
  bool endless = false;
  for (const auto& [count, key] : counted_rules(rules)) {
    if (count == 0) continue;
    endless = endless || count < 0;
    total += count;
    const std::string shown =
        count < 0 ? explainer.words("policy.explain.all") : std::to_string(count);
    parts += (parts.empty() ? "" : " + ") + explainer.words(key, {{"count", shown}});
  }
  if (parts.empty()) return;
  const bool overlap = rules.overlap == Overlap::overlapping;
  std::string_view key = "policy.explain.generations";
  if (endless) {
    key = "policy.explain.generations_endless";
  } else if (overlap) {
    key = "policy.explain.generations_overlap";
  }
  explainer.say(
      ExplainTopic::retention, path, key, {{"rules", parts}, {"total", std::to_string(total)}});
}

void explain_spans(Explainer& explainer, const RetentionRules& rules, const std::string& path) {
  struct Span {
    const CalendarSpan& span;
    std::string_view name;
    std::string_view key;
  };
  const std::array<Span, 6> spans = {
      {{rules.within, "within", "policy.explain.within"},
       {rules.within_hourly, "within_hourly", "policy.explain.within_hourly"},
       {rules.within_daily, "within_daily", "policy.explain.within_daily"},
       {rules.within_weekly, "within_weekly", "policy.explain.within_weekly"},
       {rules.within_monthly, "within_monthly", "policy.explain.within_monthly"},
       {rules.within_yearly, "within_yearly", "policy.explain.within_yearly"}}};
  for (const Span& span : spans) {
    if (span.span.is_zero()) continue;
    explainer.say(ExplainTopic::retention,
                  path + "." + std::string(span.name),
                  span.key,
                  {{"span", to_string(span.span)}});
  }
}

void explain_rules(Explainer& explainer, const RetentionRules& rules, const std::string& path) {
  explain_counts(explainer, rules, path);
  explain_spans(explainer, rules, path);
  if (!rules.hold.empty()) {
    explainer.say(ExplainTopic::retention,
                  path + ".hold",
                  "policy.explain.hold",
                  {{"tags", explainer.joined(rules.hold)}});
  }
  explainer.say(ExplainTopic::retention,
                path + ".minimum",
                "policy.explain.minimum",
                {{"count", std::to_string(rules.minimum)}});
}

void explain_job(Explainer& explainer,
                 const std::string& at,
                 const std::string& name,
                 std::string_view due,
                 std::string_view never) {
  if (at.empty()) {
    explainer.say(ExplainTopic::schedule, "schedule." + name, never);
  } else {
    explainer.say(ExplainTopic::schedule, "schedule." + name, due, {{"at", at}});
  }
}

void explain_review(Explainer& explainer) {
  const Policy& policy = explainer.policy();
  const auto person = [&](const std::string& who, const char* path, std::string_view key) {
    if (!who.empty()) explainer.say(ExplainTopic::review, path, key, {{"who", who}});
  };
  person(policy.review.owner, "review.owner", "policy.explain.owner");
  person(policy.review.approver, "review.approver", "policy.explain.approver");
  person(policy.documents.write_to, "documents.write_to", "policy.explain.documents");
  if (policy.evidence.keep) {
    explainer.say(ExplainTopic::review,
                  "evidence.keep",
                  "policy.explain.evidence",
                  {{"length", write_period(*policy.evidence.keep)}});
  }
}

void explain_limits(Explainer& explainer) {
  const Policy& policy = explainer.policy();
  const auto limit = [&](const char* path, std::string_view key, std::string value) {
    explainer.say(ExplainTopic::limits, path, key, {{"value", std::move(value)}});
  };
  const Limits& limits = policy.limits;
  if (limits.memory) limit("limits.memory", "policy.explain.memory", write_size(*limits.memory));
  if (limits.cpu) limit("limits.cpu", "policy.explain.cpu", std::to_string(*limits.cpu));
  if (limits.io) limit("limits.io", "policy.explain.io", write_size(*limits.io));
  const AnomalyRules& anomaly = policy.anomaly;
  if (anomaly.max_shrink) {
    limit("anomaly.max_shrink", "policy.explain.shrink", std::to_string(*anomaly.max_shrink));
  }
  if (anomaly.max_growth) {
    limit("anomaly.max_growth", "policy.explain.growth", std::to_string(*anomaly.max_growth));
  }
}

}  // namespace

void explain_schedule(Explainer& explainer) {
  const Policy& policy = explainer.policy();
  const PolicySchedule& schedule = policy.schedule;
  explain_job(explainer,
              schedule.backup,
              "backup",
              "policy.explain.backup_due",
              "policy.explain.backup_never");
  for (const Source& source : policy.sources) {
    if (!source.schedule) continue;
    explainer.say(ExplainTopic::schedule,
                  "sources." + source.name + ".schedule.backup",
                  "policy.explain.source_due",
                  {{"source", source.name}, {"at", source.schedule->backup}});
  }
  explain_job(
      explainer, schedule.check, "check", "policy.explain.check_due", "policy.explain.check_never");
  explain_job(
      explainer, schedule.drill, "drill", "policy.explain.drill_due", "policy.explain.drill_never");
  explain_job(explainer,
              schedule.review,
              "review",
              "policy.explain.review_due",
              "policy.explain.review_never");
  explain_job(explainer, schedule.prune, "prune", "policy.explain.prune_due", "");
  explainer.say(ExplainTopic::schedule,
                "prune.max_unused",
                "policy.explain.max_unused",
                {{"value", std::to_string(policy.prune.max_unused)}});
  if (schedule.catch_up) {
    explainer.say(ExplainTopic::schedule,
                  "schedule.catch_up",
                  "policy.explain.catch_up",
                  {{"length", explainer.duration(*schedule.catch_up)}});
  } else {
    explainer.say(ExplainTopic::schedule, "schedule.catch_up", "policy.explain.catch_up_always");
  }
}

void explain_retention(Explainer& explainer) {
  const Policy& policy = explainer.policy();
  constexpr auto kTopic = ExplainTopic::retention;
  if (policy.retention) {
    explain_rules(explainer, *policy.retention, "retention");
  } else {
    explainer.say(kTopic, "retention", "policy.explain.keep_all");
  }
  for (const Destination& destination : policy.destinations) {
    if (!destination.retention) continue;
    const std::string path = "destinations." + destination.name + ".retention";
    explainer.say(
        kTopic, path, "policy.explain.destination_rules", {{"destination", destination.name}});
    explain_rules(explainer, *destination.retention, path);
  }
  for (const Source& source : policy.sources) {
    if (!source.retention) continue;
    const std::string path = "sources." + source.name + ".retention";
    explainer.say(kTopic, path, "policy.explain.source_rules", {{"source", source.name}});
    explain_rules(explainer, *source.retention, path);
  }
}

void explain_people(Explainer& explainer) {
  explain_notify(explainer);
  const DrillRules& drill = explainer.policy().drill;
  if (!explainer.policy().schedule.drill.empty()) {
    explainer.say(ExplainTopic::drill,
                  "drill.generation",
                  drill.generation == DrillGeneration::random ? "policy.explain.drill_random"
                                                              : "policy.explain.drill_latest");
  }
  explain_review(explainer);
  explain_limits(explainer);
}

}  // namespace hikae::policy
