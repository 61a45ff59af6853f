// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "policy/calendar.h"

namespace hikae::policy {

// "daily 02:00", "weekly Sun 04:00", "monthly first Sun 10:00", … (see parse_schedule). `part` lies
// inside `whole`, which errors quote. nullptr when it does not begin with one of the words.
std::shared_ptr<const Recurrence> parse_schedule_words(std::string_view whole,
                                                       std::string_view part);

}  // namespace hikae::policy
