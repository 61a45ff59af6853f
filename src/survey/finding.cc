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

Finding failed_probe(std::string area, std::string where, const Error& error, const Text& fix) {
  return {Severity::error,
          std::move(area),
          std::move(where),
          error.message(),
          error.hint().value_or(fix),
          error};
}

std::string words_of(const Finding& finding, Language language) {
  return finding.error ? render(*finding.error, language) : render(finding.what, language);
}

Severity worst(const std::vector<Finding>& findings) {
  Severity result = Severity::ok;
  for (const Finding& finding : findings) result = std::max(result, finding.severity);
  return result;
}

}  // namespace hikae::survey
