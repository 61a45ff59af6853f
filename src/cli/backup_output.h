// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "backup/pipeline.h"
#include "cli/session.h"

namespace hikae::cli {

struct BackupOutput {
  const BackupReport& report;
  const std::optional<SnapshotRecord>& parent;
  double seconds = 0;
  bool dry_run = false;
};

// Prints the items that could not be read and the summary; returns 0, or 3 when there were such
// items. Throws the destination's failure when no snapshot was written.
int report_backup(const Session& session, const BackupOutput& output);

}  // namespace hikae::cli
