// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "concurrency/stop.h"
#include "restore/pipeline.h"

namespace hikae {

struct ManifestVerification {
  std::uint64_t files = 0;  // those that are as the manifest says
  std::uint64_t bytes = 0;
  std::vector<RestoreItemError> errors;  // sorted by path
};

// Reads every file that data_directory/backup_manifest names, as pg_verifybackup does: it must be
// there with its size and SHA-256. Memory: a bounded number of names. Throws Error when the
// manifest itself is missing or damaged.
ManifestVerification verify_manifest(const std::string& data_directory,
                                     std::size_t workers,
                                     const StopToken& stop);

}  // namespace hikae
