// SPDX-License-Identifier: Apache-2.0
#include "policy/load.h"

#include <algorithm>
#include <set>

#include "policy/decode.h"

namespace hikae::policy {
namespace {

Text place_text(const std::string& file, Place place) {
  return text("policy.at",
              {{"file", file},
               {"line", std::to_string(place.line)},
               {"column", std::to_string(place.column)}});
}

// Two names for one repository would look like two copies.
void check_distinct_destinations(const Policy& policy, std::vector<PolicyProblem>& problems) {
  std::set<std::string> urls;
  for (const auto& destination : policy.destinations) {
    if (destination.url.empty() || urls.insert(destination.url).second) continue;
    problems.push_back({place_of(policy, "destinations." + destination.name + ".url"),
                        text("policy.same_destination", {{"url", destination.url}}),
                        text("policy.same_destination_hint")});
  }
}

// Rules that keep nothing read like "delete all", and are meant by nobody.
void check_retention(const Policy& policy,
                     const std::optional<RetentionRules>& rules,
                     const std::string& path,
                     std::vector<PolicyProblem>& problems) {
  if (!rules || !rules->is_empty()) return;
  problems.push_back({place_of(policy, path),
                      text("policy.empty_retention", {{"key", path}}),
                      text("policy.empty_retention_hint")});
}

void check_whole(const Policy& policy, std::vector<PolicyProblem>& problems) {
  check_distinct_destinations(policy, problems);
  check_retention(policy, policy.retention, "retention", problems);
  for (const auto& source : policy.sources) {
    check_retention(policy, source.retention, "sources." + source.name + ".retention", problems);
  }
  for (const auto& destination : policy.destinations) {
    check_retention(
        policy, destination.retention, "destinations." + destination.name + ".retention", problems);
  }
}

}  // namespace

PolicyError::PolicyError(std::string file, std::vector<PolicyProblem> problems)
    : Error(ErrorCode::invalid_argument, problems.front().message),
      file_(std::move(file)),
      problems_(std::move(problems)) {
  add_context(place_text(file_, problems_.front().place));
  if (problems_.front().hint) set_hint(*problems_.front().hint);
}

std::string render_problems(const PolicyError& error, Language language) {
  std::string result;
  for (const auto& problem : error.problems()) {
    result += render(place_text(error.file(), problem.place), language) + ": " +
              render(problem.message, language) + "\n";
    if (problem.hint) result += "    " + render(*problem.hint, language) + "\n";
  }
  return result;
}

Policy parse_policy(std::string_view yaml, std::string_view file_name) {
  std::vector<PolicyProblem> problems;
  Policy policy;
  if (const auto root = read_yaml(yaml, problems)) {
    policy = decode_policy(*root, problems);
    // What follows would only echo the mistakes that were already found.
    if (problems.empty()) check_whole(policy, problems);
  }
  if (problems.empty()) return policy;
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  throw PolicyError(std::string(file_name), std::move(problems));
}

}  // namespace hikae::policy
