// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "concurrency/stop.h"
#include "repository/repository.h"

namespace hikae::cli {

// What restic's stats counts; which members mean something depends on the mode.
struct Stats {
  std::uint64_t snapshots = 0;
  std::uint64_t files = 0;
  std::uint64_t blobs = 0;
  std::uint64_t size = 0;               // bytes
  std::uint64_t uncompressed_size = 0;  // raw-data of a version 2 repository
  std::uint64_t compressed = 0;         // of these, what is compressed: as stored
  std::uint64_t compressed_from = 0;    // and before

  double compression_ratio() const;
  double compression_progress() const;      // percent
  double compression_space_saving() const;  // percent
};

// `mode` is one of restic's: restore-size, files-by-contents, blobs-per-file, raw-data.
Stats compute_stats(Repository& repository,
                    const Index& index,
                    const std::vector<SnapshotRecord>& records,
                    const std::string& mode,
                    const StopToken& stop);

}  // namespace hikae::cli
