// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "os/fd.h"

namespace hikae::os {

// An exclusive lock on a file, which the kernel drops with the object or with the process, however
// it ends. It counts among processes of one machine and among FileLocks of one process. The file
// stays, empty: removing it would let two holders lock two files of one name.
class FileLock {
 public:
  // nullopt when somebody else holds it. Creates the file (mode 0600) in a folder that exists.
  static std::optional<FileLock> try_acquire(const std::string& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace hikae::os
