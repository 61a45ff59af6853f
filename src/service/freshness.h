// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/clock.h"
#include "policy/policy.h"

namespace hikae {

// The latest moment at which a backup of this source was due and whose window is over by now;
// nothing without a schedule. Pure.
std::optional<Instant> due_moment(const policy::Policy& policy,
                                  const policy::Source& source,
                                  Instant now);
// The same for a schedule in words.
std::optional<Instant> due_moment(const policy::Policy& policy,
                                  const std::string& schedule,
                                  Instant now);

}  // namespace hikae
