// SPDX-License-Identifier: Apache-2.0
#include "cli/tick_output.h"

#include "base/json.h"
#include "cli/run_output.h"
#include "cli/verdict_text.h"
#include "format/time.h"
#include "policy/time_zone.h"

namespace hikae::cli {
namespace {

std::string machine_time(Instant time) {
  return format::to_rfc3339(format::to_timestamp(time));
}

std::string word(const Session& session, const Text& text) {
  return render(text, session.console.language());
}

void print_results(const Session& session, const JobResult& result) {
  for (const DestinationResult& one : result.results) {
    if (one.verdict == Verdict::ok) {
      session.console.say(one.summary);
      continue;
    }
    session.console.warning(one.summary);
    for (const std::string& detail : one.details) session.console.print_error("  " + detail + "\n");
    if (one.failure) session.console.error(*one.failure);
  }
}

void write_slot(JsonWriter& json, const SlotId& slot) {
  json.member("job", slot.job).member("group", slot.group);
  json.member("scheduled", machine_time(slot.scheduled));
}

void write_slots(JsonWriter& json, std::string_view key, const std::vector<SlotRecord>& slots) {
  json.key(key).begin_array();
  for (const SlotRecord& slot : slots) {
    json.begin_object();
    write_slot(json, slot.id);
    json.end_object();
  }
  json.end_array();
}

void write_job(JsonWriter& json, const JobResult& result) {
  json.begin_object();
  write_slot(json, result.job.id());
  json.member("reason", to_string(result.job.reason));
  json.member("try", static_cast<std::uint64_t>(result.job.number));
  json.member("state", word_of(result.slots.front().state));
  if (!result.waits_for_other) json.member("verdict", to_string(result.verdict));
  if (result.slots.front().next_try)
    json.member("next_try", machine_time(*result.slots.front().next_try));
  json.key("sources").begin_array();
  for (const std::string& source : result.job.sources) json.value(source);
  json.end_array();
  if (result.report) json.member("run", result.report->run_id);
  json.key("results").begin_array();
  for (const DestinationResult& one : result.results) {
    json.begin_object().member("destination", one.destination);
    json.member("verdict", to_string(one.verdict));
    json.member("summary", render(one.summary, Language::en));
    if (one.failure) json.member("error", render(*one.failure, Language::en));
    json.end_object();
  }
  json.end_array();
  if (result.failure) json.member("error", render(*result.failure, Language::en));
  json.end_object();
}

void write_event(JsonWriter& json, const SlotEvent& event) {
  json.begin_object().member("kind", to_string(event.kind));
  write_slot(json, event.slot);
  json.member("verdict", to_string(event.verdict));
  json.member("tries", std::uint64_t{event.tries.size()});
  json.member("stands_for", std::uint64_t{event.also.size()});
  if (event.trouble_since) json.member("since", machine_time(*event.trouble_since));
  json.end_object();
}

}  // namespace

Text job_word(const std::string& job) {
  if (job == "check") return text("cli_due.job_check");
  if (job == "prune") return text("cli_due.job_prune");
  return text("cli_due.job_backup");
}

Text state_word(SlotState state) {
  switch (state) {
    case SlotState::due:
      return text("cli_due.state_due");
    case SlotState::running:
      return text("cli_due.state_running");
    case SlotState::done:
      return text("cli_due.state_done");
    case SlotState::failed:
      return text("cli_due.state_failed");
    case SlotState::missed:
      return text("cli_due.state_missed");
    case SlotState::coalesced:
      break;
  }
  return text("cli_due.state_coalesced");
}

void print_job(const Session& session, const policy::Policy& policy, const JobResult& result) {
  const Text::Arguments arguments = {
      {"job", word(session, job_word(result.job.job))},
      {"scheduled", policy::policy_time(policy.timezone, result.job.id().scheduled)},
      {"verdict", word(session, verdict_text(result.verdict))}};
  if (result.waits_for_other) {
    session.console.say(text("cli_due.waits_for_other", arguments));
    return;
  }
  if (result.report) print_run(session, *result.report, policy);
  print_results(session, result);
  if (result.failure) session.console.error(*result.failure);
  session.console.say(text("cli_due.job_ended", arguments));
  const auto& next = result.slots.front().next_try;
  if (!next) return;
  session.console.say(
      text("cli_due.next_try", {{"time", policy::policy_time(policy.timezone, *next)}}));
}

void print_tick(const Session& session, const policy::Policy& policy, const TickReport& report) {
  if (report.other_is_at_work) {
    if (!session.options.quiet) session.console.say(text("cli_due.other_is_at_work"));
    return;
  }
  if (!report.plan.missed.empty()) {
    const SlotRecord& newest = report.plan.missed.back();
    session.console.warning(
        text("cli_due.missed",
             {{"count", std::to_string(report.plan.missed.size())},
              {"newest", policy::policy_time(policy.timezone, newest.id.scheduled)}}));
  }
  for (const SlotRecord& slot : report.plan.failed) {
    session.console.warning(
        text("cli_due.given_up",
             {{"job", word(session, job_word(slot.id.job))},
              {"scheduled", policy::policy_time(policy.timezone, slot.id.scheduled)}}));
  }
  const bool was_idle =
      report.jobs.empty() && report.plan.missed.empty() && report.plan.failed.empty();
  if (!was_idle || session.options.quiet) return;
  if (report.next) {
    session.console.say(text("cli_due.nothing_until",
                             {{"time", policy::policy_time(policy.timezone, *report.next)}}));
  } else {
    session.console.say(text("cli_due.nothing"));
  }
}

std::string tick_to_json(const TickReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("other_is_at_work").boolean(report.other_is_at_work);
  json.member("verdict", to_string(report.verdict));
  if (report.next) json.member("next", machine_time(*report.next));
  json.key("jobs").begin_array();
  for (const JobResult& result : report.jobs) write_job(json, result);
  json.end_array();
  write_slots(json, "missed", report.plan.missed);
  write_slots(json, "coalesced", report.plan.coalesced);
  write_slots(json, "failed", report.plan.failed);
  json.key("events").begin_array();
  for (const SlotEvent& event : report.events) write_event(json, event);
  json.end_array().end_object();
  return out + "\n";
}

}  // namespace hikae::cli
