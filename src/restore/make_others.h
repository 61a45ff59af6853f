// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "restore/context.h"
#include "restore/folders.h"
#include "restore/remove_items.h"
#include "restore/restore_metadata.h"

namespace hikae::restore {

// Makes links, devices and fifos. Thread-safe; the references outlive it.
class OtherMaker {
 public:
  OtherMaker(Context& context,
             const RestoreTree& tree,
             Folders& folders,
             MetadataRestorer& metadata);

  // A symbolic link, device or fifo. Throws Error only when going on is pointless.
  void make(const OtherItem& item, const StopToken& stop);
  // One more name of a file that stands there already. REQUIRES: file.state == link.
  void link(FileItem& file, const StopToken& stop);

 private:
  void make_at(const OtherItem& item, const OpenFolder& folder, const StopToken& stop);
  void link_at(const FileItem& file, const StopToken& stop);
  bool is_same_link(const OtherItem& item, int folder) const;
  FolderContent folder_content() const;

  Context& context_;
  const RestoreTree& tree_;
  Folders& folders_;
  MetadataRestorer& metadata_;
};

}  // namespace hikae::restore
