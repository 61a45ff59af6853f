// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cli/session.h"
#include "service/event.h"

namespace hikae::cli {

// Where the policy wants its events told. What it refers to outlives it.
std::unique_ptr<EventSink> make_event_sink(const Session& session,
                                           const policy::Policy& policy,
                                           Journal& journal);

}  // namespace hikae::cli
