// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "service/run.h"

namespace hikae::cli {

// Shows how far each destination is that is being completed: for RunObserver::catch_up_begins and
// catch_up_ends.
class SyncProgressLine {
 public:
  explicit SyncProgressLine(const Session& session) : session_(session) {}
  void begin(const std::vector<std::string>& destinations, SyncProgress& progress);
  void end() { line_.reset(); }
  void observe(RunObserver& observer);

 private:
  const Session& session_;
  std::unique_ptr<ProgressLine> line_;
};

}  // namespace hikae::cli
