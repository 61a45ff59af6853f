// SPDX-License-Identifier: Apache-2.0
// What the last backup run adds to what the destinations hold, so that the status of a machine is
// no better than the message of its last run.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/verdict.h"
#include "journal/journal.h"
#include "policy/policy.h"

namespace hikae {

// A slot of this source has been tried and is open: another try comes, or is at work.
bool is_tried_again(const policy::Policy& policy, const std::string& source, Journal& journal);

// Of the newest backup run that ended: failed if it never came to a source and is not tried again;
// warning if it was anything but ok, since the rest is told by its items, which a sync may have
// made good. Absent when the journal knows no such run.
struct LastBackup {
  Verdict verdict = Verdict::ok;
  Instant started;
};
std::optional<LastBackup> judge_last_backup(const std::string& policy, Journal& journal);

}  // namespace hikae
