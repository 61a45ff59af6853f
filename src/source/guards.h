// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "source/files_tree.h"

namespace hikae {

// That each given path exists and is mounted where that is required, and that at least one can be
// read: beside it the others are items that could not be. Notes the paths' devices in the tree.
// Throws Error not_found, permission or not_mounted.
void check_paths(FilesTree& tree);

}  // namespace hikae
