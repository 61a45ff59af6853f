// SPDX-License-Identifier: Apache-2.0
// Any bytes: a policy that reads back from its own canonical form, or a PolicyError with places
// inside the file.
#include <cstdint>
#include <cstdlib>

#include "policy/explain.h"
#include "policy/load.h"
#include "policy/show.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae::policy;
  const std::string yaml(reinterpret_cast<const char*>(data), size);
  std::optional<Policy> policy;
  try {
    policy = parse_policy(yaml, "fuzz");
  } catch (const PolicyError& error) {
    for (const auto& problem : error.problems()) {
      if (problem.place.line < 1 || problem.place.column < 1) std::abort();
    }
    render_problems(error, hikae::Language::ja);
  }
  if (!policy) return 0;
  render_explanation(*policy, hikae::Language::en);
  const std::string shown = policy_yaml(*policy);
  if (policy_yaml(parse_policy(shown, "shown")) != shown) std::abort();
  if (policy_yaml(parse_policy(policy_json(*policy), "json")) != shown) std::abort();
  return 0;
}
