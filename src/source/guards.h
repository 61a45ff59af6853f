// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "source/files_tree.h"

namespace hikae {

// That each given path exists, can be read, and is mounted where that is required. Notes the
// paths' devices in the tree. Throws Error not_found, permission or not_mounted.
void check_paths(FilesTree& tree);

}  // namespace hikae
