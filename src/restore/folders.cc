// SPDX-License-Identifier: Apache-2.0
#include "restore/folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>

#include "base/error.h"

namespace hikae::restore {
namespace {

constexpr std::size_t kOpenFolders = 200;

FolderHandle make_handle(os::Fd fd) {
  auto folder = std::make_shared<OpenFolder>();
  folder->gives_acl = fgetxattr(fd.get(), "system.posix_acl_default", nullptr, 0) > 0;
  folder->fd = std::move(fd);
  return folder;
}

}  // namespace

Folders::Folders(const RestoreTree& tree, os::Fd target) : tree_(tree), cache_(kOpenFolders) {
  struct stat status {};
  if (fstat(target.get(), &status) == 0) device_ = status.st_dev;
  target_ = make_handle(std::move(target));
}

FolderHandle Folders::find(std::uint32_t folder) {
  if (tree_.folders[folder].parent == kNone) return target_;
  return cache_.lock()->find(folder);
}

FolderHandle Folders::open_below(const OpenFolder& parent, std::uint32_t folder) {
  const std::string name(tree_.folders[folder].name);
  os::Fd fd = os::try_open_beneath(parent.fd.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!fd) {
    const int reason = errno;
    throw system_error(reason,
                       text("restore.open_folder_failed", {{"path", tree_.path_of(folder)}}));
  }
  return cache_.lock()->insert(folder, make_handle(std::move(fd)));
}

FolderHandle Folders::open(std::uint32_t folder) {
  // Upwards to the nearest that is open, then down again. A loop: a snapshot may be deeper than a
  // thread's stack.
  std::vector<std::uint32_t> closed;
  FolderHandle handle = find(folder);
  while (!handle) {
    closed.push_back(folder);
    folder = tree_.folders[folder].parent;
    handle = find(folder);
  }
  for (; !closed.empty(); closed.pop_back()) handle = open_below(*handle, closed.back());
  return handle;
}

}  // namespace hikae::restore
