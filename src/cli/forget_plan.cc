// SPDX-License-Identifier: Apache-2.0
#include "cli/forget_plan.h"

#include <algorithm>
#include <charconv>

#include "cli/snapshot_groups.h"
#include "policy/time_zone.h"
#include "service/own_snapshots.h"

namespace hikae::cli {
namespace {

using policy::Decision;
using policy::RetentionPlan;
using policy::RetentionRules;

int parse_count(const std::string& option, const std::optional<std::string>& value) {
  if (!value) return 0;
  if (*value == "unlimited" || *value == "-1") return -1;
  int count = 0;
  const char* end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, count);
  if (error != std::errc() || stop != end || count < 0) {
    throw Error(ErrorCode::invalid_argument,
                text("cli_forget.bad_count", {{"option", option}, {"value", *value}}))
        .with_hint(text("cli_forget.bad_count_hint"));
  }
  return count;
}

policy::CalendarSpan parse_span(const std::string& option,
                                const std::optional<std::string>& value) {
  if (!value) return {};
  policy::CalendarSpan span;
  try {
    span = policy::parse_calendar_span(*value);
  } catch (Error& error) {
    error.add_context(text("cli_forget.option", {{"option", option}}));
    throw;
  }
  if (span.years < 0 || span.months < 0 || span.days < 0 || span.hours < 0) {
    throw Error(ErrorCode::invalid_argument,
                text("cli_forget.negative_span", {{"option", option}, {"value", *value}}));
  }
  return span;
}

std::vector<policy::RetentionSnapshot> facts_of(const std::vector<SnapshotRecord>& records) {
  std::vector<policy::RetentionSnapshot> facts;
  for (const SnapshotRecord& record : records) {
    policy::RetentionSnapshot fact;
    fact.id = record.id.hex();
    fact.time = format::to_instant(record.snapshot.time);
    fact.utc_offset = std::chrono::seconds(record.snapshot.time.offset);
    fact.tags = record.snapshot.tags;
    facts.push_back(std::move(fact));
  }
  return facts;
}

void sort_into(ForgetGroup& group,
               const std::vector<SnapshotRecord>& records,
               const RetentionPlan& plan) {
  for (const policy::SnapshotDecision& decision : plan.decisions) {
    ForgetItem item{records[decision.index], {}, {}};
    for (const policy::RetentionReason& reason : decision.reasons) {
      item.rules.push_back(reason.rule);
      item.reasons.push_back(reason.text);
    }
    auto& list = decision.decision == Decision::keep ? group.keep : group.remove;
    list.push_back(std::move(item));
  }
  std::reverse(group.keep.begin(), group.keep.end());
  std::reverse(group.remove.begin(), group.remove.end());
}

ForgetPlan plan_ids(const ForgetRequest& request, const std::vector<SnapshotRecord>& all) {
  ForgetPlan plan;
  ForgetGroup group;
  for (const SnapshotRecord& record : select_snapshots(all, request.ids, request.select.filter()))
    group.remove.push_back({record, {"named"}, {text("cli_forget.named")}});
  plan.groups.push_back(std::move(group));
  return plan;
}

ForgetGroup start_group(const Session& session, SnapshotGroup&& from, const Grouping& grouping) {
  ForgetGroup group;
  group.title = group_title(from, grouping, session.console.language());
  group.host = std::move(from.host);
  group.paths = std::move(from.paths);
  group.tags = std::move(from.tags);
  return group;
}

ForgetPlan plan_rules(const Session& session,
                      const ForgetRequest& request,
                      const std::vector<SnapshotRecord>& all) {
  const RetentionRules rules = request.rules();
  const Grouping grouping = parse_grouping(request.group_by);
  const Instant now = session.environment.clock.now();
  ForgetPlan plan;
  for (SnapshotGroup& from :
       group_snapshots(select_snapshots(all, {}, request.select.filter()), grouping)) {
    const std::vector<SnapshotRecord> records = std::move(from.snapshots);
    ForgetGroup group = start_group(session, std::move(from), grouping);
    if (request.unsafe_allow_remove_all && !request.has_rules()) {
      for (const SnapshotRecord& record : records)
        group.remove.push_back({record, {"all"}, {text("cli_forget.all_removed")}});
    } else {
      sort_into(group,
                records,
                policy::plan_retention(facts_of(records),
                                       rules,
                                       policy::TimeZone::utc(),
                                       now,
                                       policy::LocalTimes::as_written));
      if (group.keep.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    text("cli_forget.would_empty",
                         {{"count", std::to_string(group.remove.size())}, {"group", group.title}}))
            .with_hint(text("cli_forget.would_empty_hint"));
      }
    }
    plan.groups.push_back(std::move(group));
  }
  return plan;
}

const policy::Destination& named_destination(const Session& session, const policy::Policy& policy) {
  const policy::Destination* found = policy::find_destination(policy, session.options.destination);
  return found == nullptr ? policy.destinations.front() : *found;
}

ForgetPlan plan_by_policy(const Session& session, const std::vector<SnapshotRecord>& all) {
  const LoadedPolicy loaded = load_policy(session);
  const policy::Destination& destination = named_destination(session, loaded.policy);
  const Instant now = session.environment.clock.now();
  ForgetPlan plan;
  plan.policy = loaded.policy.name;
  plan.destination = destination.name;
  for (const policy::Source& source : loaded.policy.sources) {
    std::vector<SnapshotRecord> records;
    std::copy_if(all.begin(), all.end(), std::back_inserter(records), [&](const auto& record) {
      return belongs_to(record.snapshot, loaded.policy, session.environment) &&
             is_of_source(record.snapshot, source.name);
    });
    const auto rules = policy::retention_for(loaded.policy, source, destination);
    if (!rules) {
      session.console.info(text("cli_forget.no_retention",
                                {{"source", source.name}, {"destination", destination.name}}));
      continue;
    }
    ForgetGroup group;
    group.source = source.name;
    group.title =
        render(text("cli_forget.source", {{"source", source.name}}), session.console.language());
    group.host = session.environment.identity.hostname;
    sort_into(group, records, plan_source_retention(loaded.policy, *rules, records, now));
    plan.groups.push_back(std::move(group));
  }
  return plan;
}

// A policy decides where a destination of it is meant and nothing else was asked for.
bool is_by_policy(const Session& session, const ForgetRequest& request) {
  return session.options.repository.empty() && request.ids.empty() && !request.has_rules() &&
         !request.unsafe_allow_remove_all;
}

}  // namespace

void ForgetRequest::add_to(Command& command) {
  select.add_to(command, SnapshotOptions::HostLetter::none);
  command.option("-l,--keep-last", last, "N", text("cli_forget.help_keep_last"));
  command.option("-H,--keep-hourly", hourly, "N", text("cli_forget.help_keep_hourly"));
  command.option("--keep-daily", daily, "N", text("cli_forget.help_keep_daily"));
  command.option("-w,--keep-weekly", weekly, "N", text("cli_forget.help_keep_weekly"));
  command.option("-m,--keep-monthly", monthly, "N", text("cli_forget.help_keep_monthly"));
  command.option("-y,--keep-yearly", yearly, "N", text("cli_forget.help_keep_yearly"));
  const Text within_help = text("cli_forget.help_keep_within");
  command.option("--keep-within", within, "SPAN", within_help);
  const Text each_help = text("cli_forget.help_keep_within_each");
  command.option("--keep-within-hourly", within_hourly, "SPAN", each_help);
  command.option("--keep-within-daily", within_daily, "SPAN", each_help);
  command.option("--keep-within-weekly", within_weekly, "SPAN", each_help);
  command.option("--keep-within-monthly", within_monthly, "SPAN", each_help);
  command.option("--keep-within-yearly", within_yearly, "SPAN", each_help);
  command.list("--keep-tag", keep_tags, "TAG[,TAG]", text("cli_forget.help_keep_tag"));
  command.option("-g,--group-by", group_by, "WORDS", text("cli_forget.help_group_by"));
  command.flag("--unsafe-allow-remove-all",
               unsafe_allow_remove_all,
               text("cli_forget.help_unsafe_allow_remove_all"));
  command.arguments("ID", ids, text("cli_forget.help_ids"));
}

bool ForgetRequest::has_rules() const {
  return last || hourly || daily || weekly || monthly || yearly || within || within_hourly ||
         within_daily || within_weekly || within_monthly || within_yearly || !keep_tags.empty();
}

RetentionRules ForgetRequest::rules() const {
  RetentionRules rules;
  rules.last = parse_count("--keep-last", last);
  rules.hourly = parse_count("--keep-hourly", hourly);
  rules.daily = parse_count("--keep-daily", daily);
  rules.weekly = parse_count("--keep-weekly", weekly);
  rules.monthly = parse_count("--keep-monthly", monthly);
  rules.yearly = parse_count("--keep-yearly", yearly);
  rules.within = parse_span("--keep-within", within);
  rules.within_hourly = parse_span("--keep-within-hourly", within_hourly);
  rules.within_daily = parse_span("--keep-within-daily", within_daily);
  rules.within_weekly = parse_span("--keep-within-weekly", within_weekly);
  rules.within_monthly = parse_span("--keep-within-monthly", within_monthly);
  rules.within_yearly = parse_span("--keep-within-yearly", within_yearly);
  rules.hold = keep_tags;
  rules.overlap = policy::Overlap::overlapping;
  // A group that would be emptied is refused, as in restic; a floor would hide the mistake.
  rules.minimum = 0;
  return rules;
}

void check_request(const Session& session, const ForgetRequest& request) {
  parse_grouping(request.group_by);
  const RetentionRules rules = request.rules();
  if (!request.ids.empty() || is_by_policy(session, request)) return;
  if (request.unsafe_allow_remove_all && rules.is_empty()) {
    if (!request.select.is_empty()) return;
    throw Error(ErrorCode::invalid_argument, text("cli_forget.remove_all_needs_filter"));
  }
  if (rules.is_empty()) {
    throw Error(ErrorCode::invalid_argument, text("cli_forget.no_rules"))
        .with_hint(text("cli_forget.no_rules_hint"));
  }
}

ForgetPlan plan_forget(const Session& session,
                       const ForgetRequest& request,
                       const std::vector<SnapshotRecord>& all) {
  if (!request.ids.empty()) return plan_ids(request, all);
  if (is_by_policy(session, request)) return plan_by_policy(session, all);
  return plan_rules(session, request, all);
}

}  // namespace hikae::cli
