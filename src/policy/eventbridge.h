// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "policy/calendar.h"

namespace hikae::policy {

// "cron(minutes hours day-of-month month day-of-week year)" and "rate(value unit)" of Amazon
// EventBridge. `part` lies inside `whole`, which errors quote.
std::shared_ptr<const Recurrence> parse_eventbridge(std::string_view whole, std::string_view part);

}  // namespace hikae::policy
