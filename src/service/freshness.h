// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "journal/journal.h"
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

// Messages that wait for so long that this is no hiccup of their channels.
std::size_t count_undelivered(const std::string& policy, Journal& journal, Instant now);

}  // namespace hikae
