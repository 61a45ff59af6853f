// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_set>

#include "repository/repository.h"

namespace hikae {

// Proves that a generation can be had from a destination: reads every tree below `tree` from there,
// and finds every blob in `stored`. REQUIRES: `stored` was read from the destination, and has no
// packs that are lost there (leave_out_lost_packs()). Returns the packs that the generation needs.
// Throws Error{corrupt} when a blob is lacking, and what reading throws. `destination` is its name,
// for the message.
std::unordered_set<PackId> prove_tree(Repository& repository,
                                      const Index& stored,
                                      const BlobId& tree,
                                      const std::string& destination,
                                      const StopToken& stop);

}  // namespace hikae
