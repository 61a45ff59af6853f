// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "restore/context.h"
#include "restore/folders.h"
#include "restore/remove_items.h"
#include "restore/selection.h"

namespace hikae::restore {

// Removes from the restored folders what the snapshot does not hold, as far as the selection covers
// it. A folder whose entries in the snapshot could not all be read is left alone, as is what lies
// on another file system. `on_removed` is told each path.
void delete_extras(Context& context,
                   const RestoreTree& tree,
                   Folders& folders,
                   const PathSelection& selection,
                   Deed deed,
                   const std::function<void(const std::string& path)>& on_removed,
                   const StopToken& stop);

}  // namespace hikae::restore
