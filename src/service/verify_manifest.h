// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "concurrency/stop.h"
#include "restore/pipeline.h"
#include "source/passed_files.h"

namespace hikae {

struct ManifestVerification {
  std::uint64_t files = 0;  // those that are as the manifest says
  std::uint64_t bytes = 0;
  std::vector<RestoreItemError> errors;  // sorted by path
};

// Holds every file that data_directory/backup_manifest names against it, as pg_verifybackup does:
// it must be there with its size and checksum. Files that `written` has were held against it while
// they were written, and are not read again. Memory: a bounded number of names. Throws Error when
// the manifest itself is missing or damaged.
ManifestVerification verify_manifest(const std::string& data_directory,
                                     const PassedFiles& written,
                                     std::size_t workers,
                                     const StopToken& stop);

}  // namespace hikae
