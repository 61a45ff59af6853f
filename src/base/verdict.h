// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hikae {

// How a run, or a source in a destination, ended. Ordered: the worse is the greater.
enum class Verdict {
  ok,
  warning,  // a good generation, and something that a person should look at
  partial,  // a good generation somewhere, but an item was unreadable or a destination is missing
  failed,
};

constexpr std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::partial:
      return "partial";
    case Verdict::failed:
      return "failed";
  }
  return "failed";
}

constexpr Verdict worse(Verdict a, Verdict b) {
  return a < b ? b : a;
}

// DESIGN §4: 0 for ok and warning, 3 for partial, 1 for failed.
constexpr int exit_code(Verdict verdict) {
  if (verdict == Verdict::failed) return 1;
  return verdict == Verdict::partial ? 3 : 0;
}

}  // namespace hikae
