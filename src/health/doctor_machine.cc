// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "health/doctor.h"
#include "policy/time_zone.h"
#include "scheduler/triggers.h"
#include "service/announce.h"
#include "storage/location.h"
#include "survey/coverage.h"
#include "survey/jobs.h"
#include "survey/legacy_deletes.h"

namespace hikae {
namespace {

using survey::Finding;
using survey::ScriptAction;
using survey::Severity;

std::vector<survey::ProtectedPlace> places_of(const policy::Policy& policy,
                                              const Environment& environment) {
  std::vector<survey::ProtectedPlace> places;
  for (const policy::Destination& destination : policy.destinations) {
    try {
      const Location location = parse_location(destination.url, environment.working_directory);
      std::string place = location.path;
      if (location.scheme == "sftp") place = location.host + ":" + location.path;
      if (location.scheme == "s3") place = "s3://" + location.path;
      if (location.scheme != "rest") places.push_back({destination.name, place});
    } catch (const Error&) {  // opening it has told
      continue;
    }
  }
  return places;
}

Severity severity_of(const Text& judgement) {
  if (judgement.key == "service_triggers.none") return Severity::error;
  const bool is_harmless = judgement.key == "service_triggers.several";
  return is_harmless ? Severity::hint : Severity::warning;
}

// What "hikae schedule show" finds, judged in the same words.
void schedule(const policy::Policy& policy,
              const DoctorRequest& request,
              std::vector<Finding>& findings) {
  const policy::TimeZone zone =
      policy.timezone.empty() ? policy::TimeZone::utc() : policy::TimeZone::named(policy.timezone);
  const std::vector<Trigger> triggers =
      find_triggers(request.root == "/" ? std::string() : request.root, zone);
  for (const Trigger& trigger : triggers) {
    if (!trigger.is_enabled || !trigger.ticks) continue;
    const std::string line = trigger.line > 0 ? ":" + std::to_string(trigger.line) : std::string();
    findings.push_back({Severity::ok,
                        "schedule",
                        trigger.file + line,
                        text("doctor.trigger_when", {{"when", trigger.when}}),
                        {}});
  }
  for (const Text& judgement : judge_triggers(triggers)) {
    findings.push_back({severity_of(judgement),
                        "schedule",
                        policy.schedule.backup.empty() ? policy.name : policy.schedule.backup,
                        judgement,
                        text("doctor.trigger_fix")});
  }
}

void notification(const policy::Policy& policy,
                  const survey::Root& root,
                  std::vector<Finding>& findings) {
  const policy::Notify& notify = policy.notify;
  if (!notify.email && !notify.slack && !notify.webhook && !notify.ping) {
    findings.push_back({Severity::warning,
                        "notify",
                        policy.name,
                        text("doctor.nobody_told"),
                        text("doctor.nobody_told_fix")});
    return;
  }
  if (!notify.email) return;
  if (notify.email->smtp) {
    findings.push_back({Severity::ok,
                        "notify",
                        "email",
                        text("doctor.smtp", {{"host", notify.email->smtp->host}}),
                        {}});
    return;
  }
  const Text::Arguments program = {{"program", notify.email->sendmail}};
  const bool has_sendmail = root.exists(notify.email->sendmail);
  findings.push_back({has_sendmail ? Severity::ok : Severity::error,
                      "notify",
                      "email",
                      text(has_sendmail ? "doctor.sendmail" : "doctor.no_sendmail", program),
                      has_sendmail ? std::optional<Text>() : text("doctor.no_sendmail_fix")});
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

Finding channel_finding(const notify::ChannelAnswer& answer) {
  const notify::Delivery& delivery = answer.delivery;
  if (delivery.failure)
    return survey::failed_probe(
        "notify", answer.channel, *delivery.failure, text("doctor.channel_fix"));
  if (!delivery.refused.empty())
    return {Severity::error,
            "notify",
            answer.channel,
            text("doctor.channel_refused", {{"receivers", joined(delivery.refused)}}),
            text("doctor.channel_fix")};
  return {Severity::ok,
          "notify",
          answer.channel,
          text("doctor.channel_good", {{"answer", delivery.answer}}),
          {}};
}

bool has_program(const survey::Root& root, const std::string& name) {
  const std::vector<std::string> folders{"/usr/bin/", "/usr/local/bin/", "/bin/", "/usr/sbin/"};
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
    return root.exists(folder + name);
  });
}

void programs(const policy::Policy& policy,
              const Environment& environment,
              const survey::Root& root,
              std::vector<Finding>& findings) {
  findings.push_back(
      {Severity::ok, "program", environment.program_version, text("doctor.version"), {}});
  const auto need = [&](const std::string& name, bool is_needed, const Text& why) {
    if (is_needed && !has_program(root, name))
      findings.push_back(
          {Severity::error, "program", name, why, text("doctor.install_fix", {{"program", name}})});
  };
  const bool uses_ssh = std::any_of(
      policy.destinations.begin(), policy.destinations.end(), [](const auto& destination) {
        return destination.url.starts_with("sftp:");
      });
  need("ssh", uses_ssh, text("doctor.needs_ssh"));
  if (!has_program(root, "restic"))
    findings.push_back({Severity::hint,
                        "program",
                        "restic",
                        text("doctor.no_restic"),
                        text("doctor.install_fix", {{"program", "restic"}})});
}

}  // namespace

void examine_channels(const policy::Policy& policy,
                      const Environment& environment,
                      std::vector<Finding>& findings,
                      const StopToken& stop) {
  const policy::Notify& notify = policy.notify;
  // That nobody is told is a finding already.
  if (!notify.email && !notify.slack && !notify.webhook && !notify.ping) return;
  try {
    const auto journal =
        Journal::open_lenient(environment.state_directory, environment.clock, environment.log);
    for (const auto& answer : send_test_message(policy, environment, *journal, "", stop))
      findings.push_back(channel_finding(answer));
  } catch (const Error& error) {
    findings.push_back(
        survey::failed_probe("notify", policy.name, error, text("doctor.channel_fix")));
  }
}

void examine_machine(const policy::Policy& policy,
                     const DoctorRequest& request,
                     const Environment& environment,
                     std::vector<Finding>& findings) {
  const survey::Root root(request.root);
  const std::vector<survey::Job> jobs = survey::find_jobs(root);
  std::vector<ScriptAction> actions;
  for (const survey::Job& job : jobs) {
    for (ScriptAction& action : survey::actions_of(job, root)) {
      // One line of a script that several jobs call is one finding.
      if (std::find(actions.begin(), actions.end(), action) == actions.end())
        actions.push_back(std::move(action));
    }
  }
  schedule(policy, request, findings);
  notification(policy, root, findings);
  programs(policy, environment, root, findings);
  for (Finding& finding : survey::audit_coverage(policy, survey::look_at_machine(root)))
    findings.push_back(std::move(finding));
  for (Finding& finding : survey::find_legacy_deletes(actions, places_of(policy, environment)))
    findings.push_back(std::move(finding));
}

}  // namespace hikae
