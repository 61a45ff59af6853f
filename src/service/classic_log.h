// SPDX-License-Identifier: Apache-2.0
// The one-file log that scripts of old look through with grep: about the last run only, and with
// the word "error" (in any case) in it if and only if that run failed.
#pragma once

#include <string>

#include "service/run.h"

namespace hikae {

// What stands there while the run works. It counts as failed until it has ended well, so that a
// run that is killed does not look good. Pure.
std::string classic_log_at_start(const policy::Policy& policy, const std::string& run, Instant now);
// The whole file after the run. Failed means the verdicts failed and partial, whose exit codes are
// not 0 either. Otherwise "error" in a name or a message becomes "er-ror". Pure.
std::string classic_log(const policy::Policy& policy, const RunReport& report);

// Replaces the file (0640), durably. Throws Error.
void write_classic_log(const std::string& path, const std::string& content);

}  // namespace hikae
