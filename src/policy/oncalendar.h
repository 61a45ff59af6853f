// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "policy/calendar.h"

namespace hikae::policy {

// systemd.time(7), "CALENDAR EVENTS", without the zone at the end. `part` lies inside `whole`,
// which errors quote.
std::shared_ptr<const Recurrence> parse_oncalendar(std::string_view whole, std::string_view part);

}  // namespace hikae::policy
