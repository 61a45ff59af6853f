// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "restore/context.h"
#include "restore/folders.h"
#include "restore/restore_metadata.h"

namespace hikae::restore {

// Gives each restored folder its metadata, the deepest first: afterwards nothing may change inside
// it, since that would change its times, and its mode may not even allow it. The target itself is
// left as it is.
void finish_folders(Context& context,
                    const RestoreTree& tree,
                    Folders& folders,
                    MetadataRestorer& metadata,
                    const StopToken& stop);

}  // namespace hikae::restore
