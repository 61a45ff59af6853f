// SPDX-License-Identifier: Apache-2.0
// Inside of this module only: what planning and performing a repair share.
#pragma once

#include "maintenance/repair.h"

namespace hikae {

// The damaged packs with what an index or their header says is in them.
std::map<PackId, format::IndexedPack> describe_damaged(const RepairFacts& facts);

// The blobs of a damaged pack that no good pack in the index holds; `bad` are the packs not to
// count on.
std::vector<BlobRef> blobs_only_in(const Index& index,
                                   const format::IndexedPack& pack,
                                   const std::unordered_set<PackId>& bad);

}  // namespace hikae
