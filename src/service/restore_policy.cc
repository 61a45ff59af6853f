// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/units.h"
#include "os/files.h"
#include "policy/load.h"
#include "repository/snapshots.h"
#include "service/init.h"
#include "service/password_file.h"
#include "service/rebuild_journal.h"
#include "service/secrets.h"

namespace hikae {
namespace {

using policy::Policy;
using policy::SecretReference;

constexpr std::size_t kLongestPolicy = 16 * kMiB;

std::string joined_names(const std::vector<StoredPolicy>& policies) {
  std::string names;
  for (const StoredPolicy& policy : policies) names += (names.empty() ? "" : ", ") + policy.name;
  return names;
}

StoredPolicy choose(const std::vector<StoredPolicy>& policies,
                    const RestorePolicyRequest& request,
                    const std::string& place) {
  if (policies.empty()) {
    throw Error(ErrorCode::not_found, text("service_init.no_stored_policy", {{"place", place}}))
        .with_hint(text("service_init.no_stored_policy_hint"));
  }
  if (request.policy_name.empty()) return policies.front();
  for (const StoredPolicy& policy : policies) {
    if (policy.name == request.policy_name) return policy;
  }
  throw Error(
      ErrorCode::not_found,
      text("service_init.no_such_stored_policy", {{"place", place}, {"name", request.policy_name}}))
      .with_hint(text("service.known_names", {{"names", joined_names(policies)}}));
}

RestoredPolicy::File write_policy(const std::string& path, const std::string& content) {
  if (file_exists(path)) {
    if (as_text(os::read_file(path, kLongestPolicy)) == content)
      return RestoredPolicy::File::was_there;
    throw Error(ErrorCode::already_exists, text("service_init.other_policy", {{"path", path}}))
        .with_hint(text("service_init.other_policy_hint", {{"path", path}}));
  }
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos) os::ensure_directory(path.substr(0, slash), 0700);
  os::write_file_durably(path, {as_bytes(content)}, {0600, os::IfExists::fail});
  return RestoredPolicy::File::written;
}

void keep_password(RestoredPolicy& restored, const Policy& policy, const Secret& password) {
  const SecretReference& reference = policy.encryption.password;
  if (reference.kind != SecretReference::Kind::file) {
    restored.notes.push_back(text("service_init.password_elsewhere"));
    return;
  }
  if (write_password_file(reference.value, password) == PasswordFile::made) {
    restored.password_written = true;
    return;
  }
  if (read_password_file(reference.value).reveal() != password.reveal())
    restored.notes.push_back(
        text("service_init.password_file_differs", {{"path", reference.value}}));
}

// As the policy calls that place; the place itself when it calls it otherwise today.
std::string destination_at(const Policy& policy,
                           const Location& location,
                           const Environment& environment) {
  for (const policy::Destination& destination : policy.destinations) {
    const Location other = parse_location(destination.url, environment.working_directory);
    if (other.display == location.display) return destination.name;
  }
  return location.display;
}

// This host's snapshots of the policy; those of other hosts when it has none, since the machine may
// have got another name.
std::vector<SnapshotRecord> snapshots_of(const Policy& policy,
                                         Repository& repository,
                                         const Environment& environment,
                                         std::vector<Text>& notes,
                                         const StopToken& stop) {
  std::vector<SnapshotRecord> own;
  std::vector<SnapshotRecord> others;
  for (SnapshotRecord& record : repository.load_snapshots(environment.log, stop)) {
    if (tag_value(record.snapshot, kPolicyTag) != policy.name) continue;
    const bool is_own = record.snapshot.hostname == environment.identity.hostname;
    (is_own ? own : others).push_back(std::move(record));
  }
  if (!own.empty() || others.empty()) return own;
  notes.push_back(text(
      "service_init.other_host",
      {{"host", others.back().snapshot.hostname}, {"this_host", environment.identity.hostname}}));
  return others;
}

}  // namespace

RestoredPolicy restore_policy_from(const RestorePolicyRequest& request,
                                   const Secret& password,
                                   const Environment& environment,
                                   Journal& journal,
                                   const StopToken& stop) {
  const Location location = parse_location(request.location, environment.working_directory);
  const auto repository =
      Repository::open(open_location(location, AccessMode::read_only, environment), password, stop);
  const std::vector<StoredPolicy> policies = load_stored_policies(*repository, stop);
  RestoredPolicy restored;
  restored.policy = choose(policies, request, location.display);
  if (policies.size() > 1)
    restored.notes.push_back(
        text("service_init.several_policies", {{"names", joined_names(policies)}}));
  restored.file = write_policy(request.policy_path, restored.policy.text);
  try {
    const Policy policy = policy::parse_policy(restored.policy.text, request.policy_path);
    keep_password(restored, policy, password);
    const KnownSnapshots known{
        destination_at(policy, location, environment),
        snapshots_of(policy, *repository, environment, restored.notes, stop)};
    restored.runs = rebuild_journal(policy, {known}, journal);
  } catch (const policy::PolicyError&) {
    // Written by another version of the program. The administrator has his file back and can mend
    // it.
    restored.notes.push_back(
        text("service_init.stored_policy_unreadable", {{"path", request.policy_path}}));
  }
  return restored;
}

}  // namespace hikae
