// SPDX-License-Identifier: Apache-2.0
// Names of one folder that differ in upper and lower case only. Where the target takes them for the
// same (FAT, shares of Windows), the second one would silently replace the first: so the first in
// the order of names is restored, and the others are reported. Letters beyond ASCII are not
// compared: what folds those, and how, differs from one file system to the next.
#pragma once

#include "format/node.h"
#include "restore/context.h"
#include "restore/folders.h"

namespace hikae::restore {

// For each node, 1 when one before it has a name that folds to the same.
std::vector<std::uint8_t> find_twins(const std::vector<format::Node>& nodes);

// Throws Error{unsupported} when the folder takes upper and lower case for the same, which is tried
// with a file that is removed again. For twins only.
void refuse_twin(const OpenFolder& folder);

// The twins among files and other items that cannot be restored are reported and left out. Folders
// refuse theirs as they are made. REQUIRES: the folders are made.
void refuse_twins(Context& context, RestoreTree& tree, Folders& folders, const StopToken& stop);

}  // namespace hikae::restore
