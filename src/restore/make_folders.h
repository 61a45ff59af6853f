// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "restore/context.h"
#include "restore/folders.h"

namespace hikae::restore {

// Makes each needed folder that is missing, accessible to us alone until finish_folders(), and
// settles each one's state. Something else in the way is removed, a link like any file, unless
// nothing may be overwritten. A folder that cannot be made is reported; what lies below it is
// skipped.
void make_folders(Context& context, RestoreTree& tree, Folders& folders, const StopToken& stop);

// The same decisions without writing: `made` is what would be made. `folders` is null when even the
// target is missing.
void look_at_folders(Context& context, RestoreTree& tree, Folders* folders, const StopToken& stop);

}  // namespace hikae::restore
