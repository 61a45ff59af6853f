// SPDX-License-Identifier: Apache-2.0
// Who hears what. Pure.
#pragma once

#include <vector>

#include "notify/message.h"
#include "policy/policy.h"

namespace hikae::notify {

// The words of `on:` under which a message is heard. `success`: ok and warning, and recovered.
// `failure`: failed and partial jobs, missed and overdue slots, drills and checks too, an overdue
// review, frozen deletion, low space, what nobody acknowledged, and the end of it all (recovered).
// `failure_after_retries`: of these the failed jobs and slots. Empty for what only pings tell.
std::vector<policy::NotifyEvent> events_of(const Message& message);

bool is_heard(const std::vector<policy::NotifyEvent>& on, const Message& message);

}  // namespace hikae::notify
