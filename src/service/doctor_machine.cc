// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "service/doctor.h"
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

void schedule(const policy::Policy& policy,
              const std::vector<survey::Job>& jobs,
              const std::vector<ScriptAction>& actions,
              std::vector<Finding>& findings) {
  std::vector<std::string> triggers;
  for (const ScriptAction& action : actions) {
    if (action.kind == ScriptAction::Kind::starts_hikae)
      triggers.push_back(action.file + ":" + std::to_string(action.line));
  }
  if (triggers.empty()) {
    findings.push_back({Severity::error,
                        "schedule",
                        policy.schedule.backup.empty() ? policy.name : policy.schedule.backup,
                        text("doctor.no_trigger", {{"jobs", std::to_string(jobs.size())}}),
                        text("doctor.no_trigger_fix")});
    return;
  }
  for (const std::string& trigger : triggers)
    findings.push_back({Severity::ok, "schedule", trigger, text("doctor.trigger"), {}});
  if (triggers.size() > 1)
    findings.push_back({Severity::hint,
                        "schedule",
                        triggers.front(),
                        text("doctor.two_triggers"),
                        text("doctor.two_triggers_fix")});
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
  const bool has_sendmail = root.exists("/usr/sbin/sendmail") || root.exists("/usr/lib/sendmail");
  findings.push_back({has_sendmail ? Severity::ok : Severity::error,
                      "notify",
                      "email",
                      text(has_sendmail ? "doctor.sendmail" : "doctor.no_sendmail"),
                      has_sendmail ? std::optional<Text>() : text("doctor.no_sendmail_fix")});
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
  schedule(policy, jobs, actions, findings);
  notification(policy, root, findings);
  programs(policy, environment, root, findings);
  for (Finding& finding : survey::audit_coverage(policy, survey::look_at_machine(root)))
    findings.push_back(std::move(finding));
  for (Finding& finding : survey::find_legacy_deletes(actions, places_of(policy, environment)))
    findings.push_back(std::move(finding));
}

}  // namespace hikae
