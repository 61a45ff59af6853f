// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "maintenance/copy.h"

namespace hikae {

struct CopiedPacks {
  CopyEnd end = CopyEnd::complete;
  // Numbers as in the plan. A damaged file holds their name there: their blobs need another pack.
  std::vector<std::uint32_t> refused;
};

// The part of apply_copy() that copies whole packs. REQUIRES: both repositories have one master
// key.
CopiedPacks copy_packs(const CopySource& from,
                       Repository& to,
                       const std::vector<std::uint32_t>& packs,
                       const CopyOptions& options,
                       const Clock& clock,
                       std::atomic<std::uint64_t>& bytes_moved,
                       const StopToken& stop);

// The blobs of pack number `pack`, in the order in which the index has them.
format::IndexedPack indexed_pack(const Index& index, std::uint32_t pack);

}  // namespace hikae
