// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>

#include "maintenance/check.h"

namespace hikae {

// Takes findings from any thread.
using FindingSink = std::function<void(CheckFinding)>;

// Sizes of all pack files that lie in the repository.
std::map<PackId, std::uint64_t> list_packs(Repository& repository, const StopToken& stop);

// The size that a pack with these blobs has, to the byte.
std::uint64_t expected_pack_size(const std::vector<format::PackedBlob>& blobs);

// Compares the index with the files that are there: missing, wrong size, not indexed, mixed, gaps.
void check_pack_list(const Index& index,
                     const std::map<PackId, std::uint64_t>& files,
                     const FindingSink& found);

// Which of the files to read. Pure: the same seed chooses the same packs.
std::vector<PackId> choose_packs(const std::map<PackId, std::uint64_t>& files,
                                 const PackSubset& subset,
                                 std::uint64_t seed);

// Reads a whole pack: its hash, its header against the index, every blob. `damaged` gets each blob
// that is bad.
struct PackBuffers {
  Bytes file;
  Bytes scratch;
  Bytes plaintext;
  format::Decompressor decompressor;
};
// Returns the bytes read.
std::uint64_t check_pack(Repository& repository,
                         const format::IndexedPack& pack,
                         PackBuffers& buffers,
                         const FindingSink& found,
                         const StopToken& stop);

}  // namespace hikae
