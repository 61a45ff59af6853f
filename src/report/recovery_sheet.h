// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "policy/policy.h"

namespace hikae::report {

// What the sheet says beside the policy.
struct RecoverySheet {
  std::string hostname;
  std::string policy_path;
  Instant made;
  // As it is, since the sheet is printed and locked away; the caller wipes it and the sheet.
  std::string password;
  std::string program_version;  // "hikae 0.1.0"
};

// One page of plain text (80 columns, wide characters count two) in the policy's language: where
// the backups lie, what opens them, and the commands of stock restic that list, check and restore
// them without this machine and without this program. Pure.
std::string render_recovery_sheet(const policy::Policy& policy, const RecoverySheet& sheet);

}  // namespace hikae::report
