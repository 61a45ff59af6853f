// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "repository/repository.h"

namespace hikae {

// Writes the packs of the given index files that stay into new files. Returns those of the given
// ones that are replaced so, for the caller to remove; files that name no pack of `gone` are left
// as they are. The new ones are durable on return. Throws Error for a file that cannot be read.
std::vector<std::string> rewrite_index(Repository& repository,
                                       const std::vector<std::string>& files,
                                       const std::unordered_set<PackId>& gone,
                                       const StopToken& stop);

// Names of all files of a kind.
std::vector<std::string> list_names(Repository& repository, FileType type, const StopToken& stop);

}  // namespace hikae
