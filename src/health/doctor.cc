// SPDX-License-Identifier: Apache-2.0
#include "health/doctor.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "os/files.h"

namespace hikae {
namespace {

using survey::Finding;
using survey::Severity;

std::string octal(unsigned mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3)
    digits += static_cast<char>('0' + ((mode >> static_cast<unsigned>(shift)) & 7U));
  return digits;
}

FileFacts file_facts(const std::string& path) {
  FileFacts facts{path, false, 0, 0};
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return facts;
  facts.exists = true;
  facts.mode = status.st_mode & 07777U;
  facts.owner = status.st_uid;
  return facts;
}

// Every secret of the policy that lies in a file.
std::vector<std::string> secret_files(const policy::Policy& policy) {
  std::vector<std::string> files;
  const auto add = [&](const std::optional<policy::SecretReference>& reference) {
    if (reference && reference->kind == policy::SecretReference::Kind::file)
      files.push_back(reference->value);
  };
  add(policy.encryption.password);
  for (const policy::Source& source : policy.sources) {
    if (source.postgres) add(source.postgres->password);
    if (source.docker_postgres) add(source.docker_postgres->password);
  }
  for (const policy::Destination& destination : policy.destinations) {
    if (!destination.credentials) continue;
    add(destination.credentials->secret_access_key);
    add(destination.credentials->session_token);
    add(destination.credentials->password);
  }
  const policy::Notify& notify = policy.notify;
  if (notify.email && notify.email->smtp) add(notify.email->smtp->password);
  if (notify.slack) add(notify.slack->webhook);
  if (notify.webhook) {
    add(notify.webhook->webhook);
    add(notify.webhook->signing_key);
  }
  add(notify.ping);
  return files;
}

Finding folder_finding(const std::string& path, unsigned owner) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return {Severity::hint,
            "folders",
            path,
            text("doctor.folder_missing"),
            text("doctor.folder_missing_fix")};
  }
  if (!S_ISDIR(status.st_mode) || access(path.c_str(), W_OK | X_OK) != 0) {
    return {Severity::error,
            "folders",
            path,
            text("doctor.folder_unwritable"),
            text("doctor.folder_unwritable_fix", {{"path", path}})};
  }
  if ((status.st_mode & 0022U) != 0 || (status.st_uid != owner && status.st_uid != 0)) {
    return {Severity::warning,
            "folders",
            path,
            text("doctor.folder_open", {{"mode", octal(status.st_mode & 07777U)}}),
            text("doctor.folder_open_fix", {{"path", path}})};
  }
  try {
    const os::DiskSpace space = os::free_space(path);
    if (space.free_bytes < 100 * kMiB)
      return {Severity::warning,
              "folders",
              path,
              text("doctor.folder_full", {{"free", format_bytes(space.free_bytes)}}),
              text("doctor.folder_full_fix")};
  } catch (const Error& error) {
    return {Severity::warning,
            "folders",
            path,
            error.message(),
            text("doctor.folder_unwritable_fix", {{"path", path}})};
  }
  return {Severity::ok,
          "folders",
          path,
          text("doctor.folder_good", {{"mode", octal(status.st_mode & 07777U)}}),
          {}};
}

}  // namespace

Finding judge_file(const FileFacts& facts, FileUse use, unsigned expected_owner) {
  Finding finding{Severity::ok,
                  "policy",
                  facts.path,
                  text("doctor.file_good", {{"mode", octal(facts.mode)}}),
                  {}};
  if (!facts.exists) {
    finding.severity = Severity::error;
    finding.what = text("doctor.file_missing");
    finding.fix =
        text(use == FileUse::policy ? "doctor.policy_missing_fix" : "doctor.secret_missing_fix");
    return finding;
  }
  const bool is_written_by_others = (facts.mode & 0022U) != 0;
  const bool is_read_by_others = (facts.mode & 0077U) != 0;
  if (facts.owner != expected_owner && facts.owner != 0) {
    finding.severity = Severity::error;
    finding.what = text("doctor.file_owner", {{"owner", std::to_string(facts.owner)}});
    finding.fix = text("doctor.file_owner_fix", {{"path", facts.path}});
  } else if (is_written_by_others || (use == FileUse::secret && is_read_by_others)) {
    finding.severity = Severity::error;
    finding.what = text(is_written_by_others ? "doctor.file_writable" : "doctor.file_readable",
                        {{"mode", octal(facts.mode)}});
    finding.fix = text("doctor.file_mode_fix", {{"path", facts.path}});
  } else if (is_read_by_others) {
    finding.severity = Severity::warning;
    finding.what = text("doctor.file_readable", {{"mode", octal(facts.mode)}});
    finding.fix = text("doctor.file_mode_fix", {{"path", facts.path}});
  }
  return finding;
}

Finding judge_space(const SpaceFacts& facts) {
  const bool is_unlimited = facts.generations <= 0;
  // Without a limit there is no last one to reckon with, but a next one.
  const std::uint64_t further = is_unlimited ? (facts.has_snapshots ? 1 : 0)
                                             : static_cast<std::uint64_t>(facts.generations) - 1;
  const std::uint64_t growth = facts.source_bytes / 50 * further;
  const std::uint64_t needed = facts.has_snapshots ? growth : facts.source_bytes + growth;
  const Text::Arguments figures = {{"free", format_bytes(facts.space.free_bytes)},
                                   {"total", format_bytes(facts.space.total_bytes)},
                                   {"needed", format_bytes(needed)},
                                   {"generations", std::to_string(facts.generations)}};
  Finding finding{
      Severity::ok,
      "space",
      facts.destination,
      is_unlimited ? text("doctor.space_without_limit", figures) : text("doctor.space", figures),
      {}};
  const bool is_short = facts.space.free_bytes < needed;
  const bool is_full = facts.space.free_bytes < facts.limit;
  if (is_short || is_full) {
    finding.severity = Severity::warning;
    finding.fix = text("doctor.space_fix");
  }
  return finding;
}

Finding judge_clock(const std::string& where, std::chrono::seconds offset) {
  const auto away = offset < std::chrono::seconds::zero() ? -offset : offset;
  Finding finding{
      Severity::ok, "clock", where, text("doctor.clock", {{"offset", format_duration(away)}}), {}};
  // A lock is stale after half an hour: beyond that, machines take each other's locks for dead.
  if (away >= std::chrono::minutes(10))
    finding.severity = Severity::error;
  else if (away >= std::chrono::minutes(2))
    finding.severity = Severity::warning;
  if (finding.severity != Severity::ok) finding.fix = text("doctor.clock_fix");
  return finding;
}

void examine_policy_files(const policy::Policy& policy,
                          const DoctorRequest& request,
                          const Environment& environment,
                          std::vector<Finding>& findings) {
  const unsigned owner = environment.identity.uid;
  findings.push_back(judge_file(file_facts(request.policy_path), FileUse::policy, owner));
  for (const std::string& path : secret_files(policy))
    findings.push_back(judge_file(file_facts(path), FileUse::secret, owner));
  if (owner != 0) {
    findings.push_back({Severity::hint,
                        "policy",
                        environment.identity.username,
                        text("doctor.not_root"),
                        text("doctor.not_root_fix")});
  }
}

std::vector<Finding> examine(const policy::Policy& policy,
                             const DoctorRequest& request,
                             const Environment& environment,
                             const StopToken& stop) {
  std::vector<Finding> findings;
  examine_policy_files(policy, request, environment, findings);
  const std::uint64_t bytes = examine_sources(policy, environment, findings, stop);
  examine_destinations(policy, bytes, environment, findings, stop);
  examine_machine(policy, request, environment, findings);
  if (request.messages == DoctorRequest::Messages::test)
    examine_channels(policy, environment, findings, stop);
  for (const std::string& folder : {environment.state_directory, environment.cache_directory})
    findings.push_back(folder_finding(folder, environment.identity.uid));
  return findings;
}

}  // namespace hikae
