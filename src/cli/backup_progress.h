// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "backup/pipeline.h"
#include "cli/progress.h"

namespace hikae::cli {

// Shows one backup after the other: bytes, files, rate, time left.
class BackupProgressLine {
 public:
  explicit BackupProgressLine(const Session& session) : session_(session) {}
  // `progress` stays valid until end().
  void begin(const std::string& name, BackupProgress& progress);
  void end() { line_.reset(); }

 private:
  const Session& session_;
  std::unique_ptr<ProgressLine> line_;
};

}  // namespace hikae::cli
