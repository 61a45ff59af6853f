// SPDX-License-Identifier: Apache-2.0
#include "restore/finish_folders.h"

namespace hikae::restore {

void finish_folders(Context& context,
                    const RestoreTree& tree,
                    Folders& folders,
                    MetadataRestorer& metadata,
                    const StopToken& stop) {
  // Children have greater numbers than their parents.
  for (auto number = static_cast<std::uint32_t>(tree.folders.size()); number-- > 1;) {
    throw_if_stopped(stop);
    const FolderItem& folder = tree.folders[number];
    const bool is_made = folder.state == FolderItem::State::made;
    if (!is_made && folder.state != FolderItem::State::existed) continue;
    try {
      const FolderHandle handle = folders.open(number);
      const Origin origin = is_made && !handle->gives_acl ? Origin::fresh : Origin::existing;
      ++context.counters.directories;
      metadata.restore(handle->fd.get(), folder.attributes, origin);
    } catch (const Error& error) {
      report_or_throw(context, tree.path_of(number), error);
    }
  }
}

}  // namespace hikae::restore
