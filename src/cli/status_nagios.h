// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "health/status.h"
#include "policy/policy.h"

namespace hikae::cli {

// What a plugin of Nagios or Icinga says: one line "HIKAE OK - … | perfdata". Figures: the age of
// the newest generation (critical where it becomes overdue), its size, the number of generations,
// free space. Pure.
std::string nagios_line(const StatusReport& report,
                        const policy::Policy& policy,
                        Instant now,
                        Language language);
// 0 for ok, 1 for warning and partial (good somewhere, not everywhere), 2 for failed.
int nagios_code(Verdict verdict);

inline constexpr int kNagiosUnknown = 3;
std::string nagios_unknown(const Error& error, Language language);

}  // namespace hikae::cli
