// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include "os/users.h"
#include "restore/context.h"
#include "restore/restore_tree.h"

namespace hikae::restore {

// What an item may already bear.
enum class Origin {
  fresh,     // made a moment ago: no extended attributes
  existing,  // perhaps extended attributes that have to go
};

// Sets owner, extended attributes (ACLs among them), mode and times, in this order: a change of
// owner drops setuid bits and capabilities, and all of them are needed before the times. An
// ordinary user's lack of permission is no error, as in restic. Bits that lend a file's owner or
// group are set only when the owner or group is the stored one. Each method tries everything, then
// throws the first failure. Thread-safe.
class MetadataRestorer {
 public:
  MetadataRestorer(const RestoreOptions& options, const RestoreTree& tree);

  // A regular file or a folder.
  void restore(int fd, const Attributes& attributes, Origin origin);
  // A symbolic link, device or fifo, in an open folder.
  void restore_special(int folder, const OtherItem& item);

 private:
  struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  Owner wanted_owner(const Attributes& attributes);

  const RestoreOptions& options_;
  const RestoreTree& tree_;
  const bool is_root_;
  os::Accounts accounts_;
};

}  // namespace hikae::restore
