// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/units.h"
#include "crypto/cipher.h"
#include "restore/context.h"
#include "restore/restore_tree.h"

namespace hikae::restore {

// One place of one file that a blob belongs to. 32 bytes, since there is one per blob of each file.
struct BlobUse {
  std::uint64_t file_offset = 0;
  std::uint32_t pack = 0;  // position in FetchPlan::packs
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t uncompressed_length = 0;
  std::uint32_t file = 0;
  std::uint32_t content = 0;  // position in RestoreTree::content, which holds the id
};

// A range of one pack that is read at once, and the uses that it serves.
struct Fetch {
  std::uint32_t pack = 0;
  std::uint32_t first_use = 0;
  std::uint32_t end_use = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// At most so much is read at once, unless a single blob is longer.
inline constexpr std::uint64_t kFetchLength = 2 * kMiB;

// Stands for the pack of a blob that only other repositories have. Each such blob has one of its
// own, so that its uses are served together.
inline constexpr PackId kElsewhere{};

struct FetchPlan {
  std::vector<PackId> packs;  // in the order of first use: files tend to be written in order
  std::vector<BlobUse> uses;  // by pack and offset
  std::vector<Fetch> fetches;
  // Blobs that each file waits for.
  std::vector<std::atomic<std::uint32_t>> missing;
  // Files that need no blob, but to be made, cut or given their metadata.
  std::vector<std::uint32_t> bare_files;
  std::uint64_t files_to_write = 0;
  std::uint64_t bytes_to_write = 0;
};

inline std::uint64_t plaintext_length(const format::PackedBlob& blob) {
  if (blob.is_compressed()) return blob.uncompressed_length;
  return blob.length < Cipher::kOverhead ? 0 : blob.length - Cipher::kOverhead;
}

// From what each file still needs to what is read from each pack. Every range is read once, and a
// blob that serves many places is opened once. A file whose blobs nobody knows is
// reported and marked as failed. Sets the size of each file to that of its content.
FetchPlan plan_fetches(Context& context, RestoreTree& tree, const StopToken& stop);

}  // namespace hikae::restore
