// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "repository/blob_writer.h"
#include "repository/lock.h"

namespace hikae {

struct CopySource {
  Repository* repository = nullptr;
  const Index* index = nullptr;
};

// What a destination lacks of some trees. About one bit for each blob of the source while it is
// made; afterwards four bytes for each whole pack and 90 for each single blob.
struct CopyPlan {
  // Packs that are copied as they are; numbers in the source's index (Index::packs()).
  std::vector<std::uint32_t> packs;
  std::vector<BlobLocation> places;  // copied one by one; in the source
  std::uint64_t blobs = 0;           // that are lacking, in `packs` and `places` together
  std::uint64_t bytes = 0;           // that will be sent
  std::uint64_t bytes_present = 0;   // of the trees' blobs, that the destination has already

  bool is_empty() const { return packs.empty() && places.empty(); }
};

// Which blobs below `trees` the index `to_index` does not have. Where both repositories have one
// master key, a pack nearly all of which is lacking is taken whole. Reads the source's trees only.
// Throws Error when the source itself lacks one: then it is no good source.
CopyPlan plan_copy(const CopySource& from,
                   const Repository& to,
                   const Index& to_index,
                   const std::vector<BlobId>& trees,
                   const StopToken& stop);

struct CopyOptions {
  BlobWriterOptions blobs;
  // Nothing is begun later than this; what was begun is completed. Absent: there is time.
  std::optional<std::chrono::steady_clock::time_point> until;
};

enum class CopyEnd { complete, out_of_time };

// Copies them; packs and index are durable on return. A whole pack is verified by its name, which
// is its SHA-256, and is not opened; a single blob is opened and verified by its id. Several are
// under way at once, as many as both places like, and at most four, which bounds memory to four
// packs. Stored packs are indexed every minute, and packs that an interrupted copy left are not
// sent again. Writes no snapshot: that is the caller's, who knows under which name it stands there,
// and may be done only after CopyEnd::complete.
CopyEnd apply_copy(const CopySource& from,
                   Repository& to,
                   const Index& to_index,
                   const CopyPlan& plan,
                   const CopyOptions& options,
                   const Clock& clock,
                   std::atomic<std::uint64_t>& bytes_moved,
                   const StopToken& stop);

}  // namespace hikae
