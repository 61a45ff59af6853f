// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cli/session.h"

namespace hikae::cli {

// Where the log files lie: HIKAE_LOG_DIR; else beside a state folder of one's own; else
// /var/log/hikae.
std::string log_directory(const Environment& environment);

// The session's environment with what jobs need beyond: the log files and journald, and the
// policy's path. Lives as long as the job; not thread-safe, what it gives is.
class JobEnvironment {
 public:
  JobEnvironment(const Session& session, const LoadedPolicy& loaded);
  const Environment& environment() const { return environment_; }

 private:
  std::unique_ptr<logs::Sink> sink_;
  Environment environment_;
};

}  // namespace hikae::cli
