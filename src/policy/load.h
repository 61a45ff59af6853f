// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "policy/policy.h"

namespace hikae::policy {

// One mistake in a policy file.
struct PolicyProblem {
  Place place;
  Text message;
  std::optional<Text> hint;

  bool operator==(const PolicyProblem&) const = default;
};

// All mistakes of one policy file, in file order. As an ordinary Error (code invalid_argument) it
// reads as the first of them, with its hint; whoever can, shows all.
class PolicyError : public Error {
 public:
  // `problems` is not empty.
  PolicyError(std::string file, std::vector<PolicyProblem> problems);

  const std::string& file() const { return file_; }
  const std::vector<PolicyProblem>& problems() const { return problems_; }

 private:
  std::string file_;
  std::vector<PolicyProblem> problems_;
};

// "policy.yaml:12:3: unknown key "retentoin"; did you mean "retention"?", one line per problem,
// each with a line break at its end.
std::string render_problems(const PolicyError& error, Language language);

// Decodes a policy file. `file_name` only serves the messages. Throws PolicyError.
Policy parse_policy(std::string_view yaml, std::string_view file_name);

}  // namespace hikae::policy
