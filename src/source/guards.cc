// SPDX-License-Identifier: Apache-2.0
#include "source/guards.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"
#include "os/files.h"

namespace hikae {
namespace {

void check_readable(const std::string& system_path, const std::string& path, mode_t mode) {
  if (!S_ISREG(mode) && !S_ISDIR(mode)) return;
  if (!os::try_open(system_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY))
    throw path_failed(errno, path);
}

void check_mounted(const std::string& system_path, const std::string& path) {
  // What the system's table names there is what is meant, whatever is mounted further above.
  if (const auto missing = os::find_missing_mount(system_path))
    throw Error(ErrorCode::not_mounted, text("source.not_mounted", {{"path", *missing}}))
        .with_hint(text("source.not_mounted_hint"));
  struct stat status {};
  struct stat root {};
  const bool on_root = stat(system_path.c_str(), &status) == 0 && stat("/", &root) == 0 &&
                       status.st_dev == root.st_dev;
  if (!on_root || os::is_mount_point(system_path)) return;
  throw Error(ErrorCode::not_mounted, text("source.not_mounted", {{"path", path}}))
      .with_hint(text("source.not_mounted_hint"));
}

}  // namespace

Error path_failed(int error_number, const std::string& path) {
  Error error = system_error(error_number, text("source.path_failed", {{"path", path}}));
  if (error.code() == ErrorCode::not_found) error.set_hint(text("source.path_missing_hint"));
  if (error.code() == ErrorCode::permission) error.set_hint(text("source.path_permission_hint"));
  return error;
}

void check_paths(FilesTree& tree) {
  for (const std::string& given : tree.options.paths) {
    const std::string system_path = tree.system_path(given);
    const std::string path = tree.shown_path(given);
    struct stat status {};
    if (lstat(system_path.c_str(), &status) != 0) throw path_failed(errno, path);
    check_readable(system_path, path, status.st_mode);
    if (tree.options.require_mount == RequireMount::yes) check_mounted(system_path, path);
    tree.devices[path] = status.st_dev;
  }
}

}  // namespace hikae
