// SPDX-License-Identifier: Apache-2.0
// A stored policy is {"name": …, "stored": RFC 3339 time, "text": the policy file}, sealed as a
// snapshot file is, in hikae/policies/.
#include <algorithm>
#include <string_view>

#include <simdjson.h>

#include "base/json.h"
#include "service/init.h"

namespace hikae {
namespace {

[[noreturn]] void malformed(const std::string& name) {
  throw Error(ErrorCode::corrupt,
              text("service_init.stored_policy_malformed", {{"file", name.substr(0, 8)}}));
}

StoredPolicy decode(const std::string& json, const std::string& file) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view name;
  std::string_view stored;
  std::string_view content;
  if (parser.parse(json).get(root) != simdjson::SUCCESS ||
      root["name"].get(name) != simdjson::SUCCESS ||
      root["stored"].get(stored) != simdjson::SUCCESS ||
      root["text"].get(content) != simdjson::SUCCESS)
    malformed(file);
  const auto time = format::parse_rfc3339(stored);
  if (!time) malformed(file);
  return {std::string(name), std::string(content), format::to_instant(*time)};
}

}  // namespace

std::vector<StoredPolicy> load_stored_policies(Repository& repository, const StopToken& stop) {
  std::vector<std::string> files;
  repository.backend().list(
      FileType::policy, [&](const FileInfo& file) { files.push_back(file.name); }, stop);
  std::vector<StoredPolicy> policies;
  std::optional<Error> damage;
  for (const std::string& file : files) {
    try {
      policies.push_back(decode(repository.load_unpacked(FileType::policy, file, stop), file));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::corrupt) throw;
      damage = error;
    }
  }
  if (policies.empty() && damage) throw Error(*damage);
  std::stable_sort(policies.begin(), policies.end(), [](const auto& a, const auto& b) {
    return a.stored > b.stored;
  });
  std::vector<StoredPolicy> newest;
  for (StoredPolicy& policy : policies) {
    const bool known = std::any_of(newest.begin(), newest.end(), [&](const StoredPolicy& other) {
      return other.name == policy.name;
    });
    if (!known) newest.push_back(std::move(policy));
  }
  return newest;
}

std::optional<StoredPolicy> load_stored_policy(Repository& repository, const StopToken& stop) {
  std::vector<StoredPolicy> policies = load_stored_policies(repository, stop);
  if (policies.empty()) return std::nullopt;
  return std::move(policies.front());
}

void store_policy(Repository& repository,
                  const policy::Policy& policy,
                  const std::string& policy_text,
                  const Clock& clock,
                  const StopToken& stop) {
  try {
    for (const StoredPolicy& stored : load_stored_policies(repository, stop)) {
      if (stored.name == policy.name && stored.text == policy_text) return;
    }
  } catch (const Error& error) {
    // What is there is damaged: all the more reason to store a good one.
    if (error.code() != ErrorCode::corrupt) throw;
  }
  std::string json;
  JsonWriter(json)
      .begin_object()
      .member("name", policy.name)
      .member("stored", format::to_rfc3339(format::to_timestamp(clock.now())))
      .member("text", policy_text)
      .end_object();
  repository.save_unpacked(FileType::policy, json, stop);
}

}  // namespace hikae
