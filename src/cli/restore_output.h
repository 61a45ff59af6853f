// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "cli/session.h"
#include "repository/repository.h"
#include "restore/pipeline.h"

namespace hikae::cli {

// One restore with its options, done or only planned, and what people and programs are told of it.
struct RestoreJob {
  Repository& repository;
  const Index& index;
  const SnapshotRecord& record;
  const RestoreOptions& options;
};

// "12 %  1,234/70,001 files, …": how far a restore is.
std::string progress_text(const Session& session,
                          const RestoreProgress& progress,
                          std::chrono::steady_clock::duration elapsed);

// Restores, shows progress, prints errors and the summary; returns the exit code.
int restore_and_report(const Session& session, const RestoreJob& job);
// Prints what would be done: what would be deleted, each other item with -v, and the sums. The exit
// code is 1 when something already shows that it will fail.
int report_plan(const Session& session, const RestoreJob& job);

}  // namespace hikae::cli
