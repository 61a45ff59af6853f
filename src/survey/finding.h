// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hikae::survey {

// Ordered: the worse is the greater.
enum class Severity {
  ok,       // looked at, and as it should be
  hint,     // nothing is wrong; a person may want to know
  warning,  // backups work, but something that a person should look at
  error,    // a backup fails, or is in danger
};
std::string_view to_string(Severity severity);

// One thing that was looked at. Plain data.
struct Finding {
  Severity severity = Severity::ok;
  std::string area;   // "source", "destination", "coverage", …: a fixed word for programs
  std::string where;  // a name, a path, FILE:LINE
  Text what;
  std::optional<Text> fix;       // the next step; present unless nothing is to be done
  std::optional<Error> error{};  // where a probe failed; `what` is its message alone
};
// An error that a probe met, with its own hint or `fix`.
Finding failed_probe(std::string area, std::string where, const Error& error, const Text& fix);
// What it says, in that language: the error with all its contexts where there is one.
std::string words_of(const Finding& finding, Language language);

// The worst of them; ok for none.
Severity worst(const std::vector<Finding>& findings);

}  // namespace hikae::survey
