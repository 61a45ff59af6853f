// SPDX-License-Identifier: Apache-2.0
#include "source/files_tree.h"

#include <fcntl.h>

#include "source/paths.h"

namespace hikae {

void Anchor::pin() {
  pinned_ = os::try_open(path_, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

os::Fd Anchor::try_open(const std::string& relative, int flags) const {
  if (pinned_) return os::try_open_beneath(pinned_.get(), relative, flags);
  if (relative.empty()) return os::try_open(path_, flags | O_NOFOLLOW);
  const os::Fd folder = os::try_open(path_, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  return folder ? os::try_open_beneath(folder.get(), relative, flags) : os::Fd();
}

std::string FilesTree::system_path(const std::string& path) const {
  return path.starts_with('/') ? path : options.working_directory + "/" + path;
}

std::string FilesTree::shown_path(const std::string& path) const {
  return absolute_path(options.working_directory, path);
}

void FilesTree::lose(Error why) const {
  auto lost = lost_.lock();
  if (!*lost) *lost = std::move(why);
}

std::optional<Error> FilesTree::lost() const {
  return *lost_.lock();
}

dev_t FilesTree::allowed_device(std::string_view shown_path, dev_t fallback) const {
  for (std::string_view path = shown_path;; path = parent_path(path)) {
    const auto found = devices.find(path);
    if (found != devices.end()) return found->second;
    if (path == parent_path(path)) return fallback;
  }
}

}  // namespace hikae
