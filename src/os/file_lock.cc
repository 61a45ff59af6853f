// SPDX-License-Identifier: Apache-2.0
#include "os/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/error.h"

namespace hikae::os {

std::optional<FileLock> FileLock::try_acquire(const std::string& path) {
  Fd fd = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
  if (errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
  throw system_error(errno, text("os.lock_failed", {{"path", path}}));
}

}  // namespace hikae::os
