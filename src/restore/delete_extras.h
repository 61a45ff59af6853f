// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "restore/context.h"
#include "restore/folders.h"
#include "restore/remove_items.h"

namespace hikae::restore {

// Removes from the restored folders what the snapshot does not hold, as far as the rules allow:
// what the selection covers. A folder whose entries in the snapshot could not all be read is left
// alone, as is what lies on another file system.
void delete_extras(Context& context,
                   const RestoreTree& tree,
                   Folders& folders,
                   const RemoveRules& rules,
                   const StopToken& stop);

}  // namespace hikae::restore
