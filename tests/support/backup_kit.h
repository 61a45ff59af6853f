// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backup/pipeline.h"
#include "os/time_zone.h"
#include "os/users.h"
#include "repository/repository.h"
#include "source/files_source.h"
#include "storage/location.h"
#include "storage/open.h"
#include "support/temp_dir.h"

namespace hikae::testing {

inline Identity test_identity() {
  Identity identity;
  identity.hostname = os::hostname();
  identity.username = "tester";
  identity.pid = 4242;
  return identity;
}

inline std::unique_ptr<Repository> open_repository(const std::string& path,
                                                   const std::string& password) {
  return Repository::open(open_backend(parse_location(path, "/")), Secret(password), StopToken());
}

inline std::unique_ptr<Repository> create_repository(
    const std::string& path,
    const std::string& password,
    const std::optional<Repository::Shared>& shared = std::nullopt) {
  return Repository::create(open_backend(parse_location(path, "/")),
                            Secret(password),
                            test_identity(),
                            shared,
                            SystemClock(),
                            StopToken());
}

// A backup of `paths`, relative to `folder`, into the given repositories, without locks.
struct BackupKit {
  std::vector<Repository*> repositories;
  std::string folder;
  std::vector<std::string> paths;
  BackupPlan plan;
  BackupProgress progress;
  NullLog log;
  StopToken stop;
  std::vector<RepositoryLock*> locks;  // as many as repositories, or none

  BackupReport run() {
    FilesOptions options;
    options.paths = paths;
    options.working_directory = folder;
    const auto source = make_files_source(std::move(options));
    return run(*source);
  }

  BackupReport run(Source& source) {
    std::vector<Index> indexes;
    for (Repository* repository : repositories)
      indexes.push_back(repository->load_index(StopToken()));
    std::vector<BackupTarget> targets;
    for (std::size_t i = 0; i < repositories.size(); ++i) {
      targets.emplace_back();
      targets.back().repository = repositories[i];
      targets.back().index = &indexes[i];
      if (!locks.empty()) targets.back().lock = locks[i];
    }
    plan.identity = test_identity();
    plan.time = format::to_timestamp(SystemClock().now());
    plan.program_version = "hikae test";
    return run_backup(source, targets, plan, SystemClock(), progress, log, stop);
  }
};

}  // namespace hikae::testing
