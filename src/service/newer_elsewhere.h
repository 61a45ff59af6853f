// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "format/files.h"
#include "journal/journal.h"
#include "policy/policy.h"

namespace hikae {

// A generation that a destination holds and the one that is read from does not.
struct NewerElsewhere {
  std::string source;
  std::string destination;
  Instant begun;  // the run that made it
};

// Whether another destination got a newer generation of the source than `held`, the newest one of
// `destination`: as far as this machine's journal knows, without asking anybody. What has been
// deleted does not count. Throws Error{io}.
std::optional<NewerElsewhere> find_newer_elsewhere(const policy::Policy& policy,
                                                   Journal& journal,
                                                   const std::string& destination,
                                                   const format::Snapshot& held);

}  // namespace hikae
