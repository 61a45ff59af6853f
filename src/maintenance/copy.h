// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "repository/blob_writer.h"
#include "repository/lock.h"

namespace hikae {

struct CopySource {
  Repository* repository = nullptr;
  const Index* index = nullptr;
};

// What a destination lacks of some trees.
struct CopyPlan {
  std::vector<BlobLocation> places;  // in the source
  std::uint64_t bytes = 0;           // sealed
};

// Which blobs below `trees` the index `to` does not have. Reads the source's trees only. Throws
// Error when the source itself lacks one: then it is no good source.
CopyPlan plan_copy(const CopySource& from,
                   const Index& to,
                   const std::vector<BlobId>& trees,
                   const StopToken& stop);

// Copies them, each verified; packs and index are durable on return. Writes no snapshot: that is
// the caller's, who knows under which name it stands there.
void apply_copy(const CopySource& from,
                Repository& to,
                const Index& to_index,
                const CopyPlan& plan,
                const BlobWriterOptions& options,
                const Clock& clock,
                std::atomic<std::uint64_t>& bytes_moved,
                const StopToken& stop);

}  // namespace hikae
