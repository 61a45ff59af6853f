// SPDX-License-Identifier: Apache-2.0
#include "survey/finding.h"

#include <algorithm>

namespace hikae::survey {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::ok:
      return "ok";
    case Severity::hint:
      return "hint";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "error";
}

Severity worst(const std::vector<Finding>& findings) {
  Severity result = Severity::ok;
  for (const Finding& finding : findings) result = std::max(result, finding.severity);
  return result;
}

}  // namespace hikae::survey
