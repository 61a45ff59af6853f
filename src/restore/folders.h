// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>

#include "concurrency/guarded.h"
#include "os/fd.h"
#include "restore/lru_cache.h"
#include "restore/restore_tree.h"

namespace hikae::restore {

// A folder of the target that is open for calls like openat().
struct OpenFolder {
  os::Fd fd;
  bool gives_acl = false;  // what is made in it inherits an ACL
};
using FolderHandle = std::shared_ptr<const OpenFolder>;

// The way into the target's folders. Each is opened from its parent's descriptor by one name and
// never through a link, so nothing that is done relative to it leads out of the target. A few
// hundred stay open. Thread-safe.
class Folders {
 public:
  // `target` is the open target folder. The tree must outlive this object.
  Folders(const RestoreTree& tree, os::Fd target);

  // Throws Error when it is not there or no folder.
  FolderHandle open(std::uint32_t folder);
  dev_t device() const { return device_; }

 private:
  FolderHandle find(std::uint32_t folder);
  FolderHandle open_below(const OpenFolder& parent, std::uint32_t folder);

  const RestoreTree& tree_;
  dev_t device_ = 0;
  FolderHandle target_;
  Guarded<LruCache<const OpenFolder>> cache_;
};

}  // namespace hikae::restore
