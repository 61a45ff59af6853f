// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "repository/blob_writer.h"

namespace hikae {

enum class BlobForm {
  as_stored,  // compressed ones stay compressed, without compressing again
  plain,      // for a target of version 1, which knows no compression
};

// Reads the given blobs of `from`, verifies each one's hash, and saves them through `writer`.
// Places are visited pack by pack, neighbours in one read, several packs at once. Throws Error for
// the first blob that cannot be read: whoever moves blobs deletes or seals afterwards, and must
// not.
void move_blobs(Repository& from,
                std::vector<BlobLocation> places,
                BlobForm form,
                BlobWriter& writer,
                std::atomic<std::uint64_t>& bytes_moved,
                const StopToken& stop);

}  // namespace hikae
