// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "repository/repository.h"

namespace hikae {

// Takes the packs out of `index` that the repository does not hold whole: that are missing, or not
// as large as their blobs make them. What stays is what the repository itself says that it has, so
// what was lost counts as never stored: it is stored again where a source or another repository
// still has it. Lists the packs, and asks for each that the list lacks, since a list may be late.
// Changes nothing but `index`. Returns what was taken out.
std::vector<PackId> leave_out_lost_packs(Repository& repository,
                                         Index& index,
                                         const StopToken& stop);

}  // namespace hikae
