// SPDX-License-Identifier: Apache-2.0
// The same schedule in the words of another program. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/schedule.h"

namespace hikae::policy {

enum class ScheduleForm { words, cron, oncalendar, eventbridge };
inline constexpr ScheduleForm kScheduleForms[] = {
    ScheduleForm::words, ScheduleForm::cron, ScheduleForm::oncalendar, ScheduleForm::eventbridge};
std::string_view to_string(ScheduleForm form);

// The text in that form, without a zone: the zone of the given schedule is to stand beside it.
// What it says is compared with the original over 20 years in its zone, so that an answer is exact.
// Throws Error{unsupported} with the reason when the form cannot say it.
std::string convert_schedule(const Schedule& schedule, ScheduleForm form);

}  // namespace hikae::policy
