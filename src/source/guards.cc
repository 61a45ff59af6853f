// SPDX-License-Identifier: Apache-2.0
#include "source/guards.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/error.h"
#include "os/files.h"

namespace hikae {
namespace {

Error path_failed(int error_number, const std::string& path) {
  Error error = system_error(error_number, text("source.path_failed", {{"path", path}}));
  if (error.code() == ErrorCode::not_found) error.set_hint(text("source.path_missing_hint"));
  if (error.code() == ErrorCode::permission) error.set_hint(text("source.path_permission_hint"));
  return error;
}

std::optional<Error> why_unreadable(const std::string& system_path,
                                    const std::string& path,
                                    mode_t mode) {
  if (!S_ISREG(mode) && !S_ISDIR(mode)) return std::nullopt;
  if (!os::try_open(system_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY) &&
      (errno == EACCES || errno == EPERM))
    return path_failed(errno, path);
  return std::nullopt;
}

void check_mounted(const std::string& system_path, const std::string& path) {
  struct stat status {};
  struct stat root {};
  const bool on_root = stat(system_path.c_str(), &status) == 0 && stat("/", &root) == 0 &&
                       status.st_dev == root.st_dev;
  if (!on_root || os::is_mount_point(system_path)) return;
  throw Error(ErrorCode::not_mounted, text("source.not_mounted", {{"path", path}}))
      .with_hint(text("source.not_mounted_hint"));
}

}  // namespace

void check_paths(FilesTree& tree) {
  std::optional<Error> unreadable;
  std::size_t unreadable_count = 0;
  for (const std::string& given : tree.options.paths) {
    const std::string system_path = tree.system_path(given);
    const std::string path = tree.shown_path(given);
    struct stat status {};
    if (lstat(system_path.c_str(), &status) != 0) throw path_failed(errno, path);
    if (auto reason = why_unreadable(system_path, path, status.st_mode)) {
      ++unreadable_count;
      if (!unreadable) unreadable = std::move(reason);
    }
    if (tree.options.require_mount == RequireMount::yes) check_mounted(system_path, path);
    tree.devices[path] = status.st_dev;
  }
  // Beside others that can be read, it is an item that could not be, like any other.
  if (unreadable_count == tree.options.paths.size()) throw Error(*unreadable);
}

}  // namespace hikae
