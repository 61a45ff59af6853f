// SPDX-License-Identifier: Apache-2.0
#include "restore/remove_items.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.h"
#include "os/fd.h"

namespace hikae::restore {
namespace {

[[noreturn]] void throw_remove_failed(int reason, const std::string& path) {
  throw system_error(reason, text("restore.remove_failed", {{"path", path}}));
}

void remove_name(int folder,
                 const std::string& name,
                 const std::string& path,
                 int flags,
                 const RemoveRules& rules) {
  const bool is_done =
      rules.deed == Deed::pretend || unlinkat(folder, name.c_str(), flags) == 0 || errno == ENOENT;
  if (!is_done) throw_remove_failed(errno, path);
  rules.on_removed(path);
}

dev_t device_of(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 ? status.st_dev : 0;
}

}  // namespace

std::vector<std::string> list_names(int folder) {
  // A descriptor of its own, since reading moves a position that all copies of one share.
  os::Fd own = os::try_open_at(folder, ".", O_RDONLY | O_DIRECTORY);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(own ? fdopendir(own.get()) : nullptr, closedir);
  if (!stream) throw system_error(errno, text("restore.list_failed"));
  own.release();
  std::vector<std::string> names;
  errno = 0;
  // The stream belongs to this call alone.
  while (const dirent* entry = readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) throw system_error(errno, text("restore.list_failed"));
  std::sort(names.begin(), names.end());
  return names;
}

bool remove_item(int folder,
                 const std::string& name,
                 const std::string& path,
                 const RemoveRules& rules,
                 const StopToken& stop) {
  throw_if_stopped(stop);
  if (!rules.may_remove(path)) return false;
  const os::Fd inner = os::try_open_beneath(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!inner) {
    if (errno == ENOENT) return true;
    if (errno != ENOTDIR && errno != ELOOP) throw_remove_failed(errno, path);
    remove_name(folder, name, path, 0, rules);
    return true;
  }
  if (device_of(inner.get()) != device_of(folder)) return false;
  bool is_empty = true;
  for (const std::string& below : list_names(inner.get())) {
    is_empty &= remove_item(inner.get(), below, path + "/" + below, rules, stop);
  }
  if (is_empty) remove_name(folder, name, path, AT_REMOVEDIR, rules);
  return is_empty;
}

void clear_place(int folder,
                 const std::string& name,
                 const std::string& path,
                 FolderContent content,
                 const StopToken& stop) {
  if (content == FolderContent::keep) {
    if (unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno == EISDIR && unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0) return;
    throw system_error(errno, text("restore.in_the_way", {{"path", path}}));
  }
  const RemoveRules all{Deed::remove, [](const auto&) { return true; }, [](const auto&) {}};
  if (remove_item(folder, name, path, all, stop)) return;
  throw system_error(EBUSY, text("restore.in_the_way", {{"path", path}}));
}

}  // namespace hikae::restore
