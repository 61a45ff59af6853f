// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "source/files_tree.h"

namespace hikae {

// That each given path exists, can be read, and is mounted where that is required. Notes the
// paths' devices in the tree. Throws Error not_found, permission, not_mounted, or what the system
// says.
void check_paths(FilesTree& tree);

// That a given path cannot be had, with what to do.
Error path_failed(int error_number, const std::string& path);

}  // namespace hikae
