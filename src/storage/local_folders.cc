// SPDX-License-Identifier: Apache-2.0
#include "storage/local_folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "os/fd.h"
#include "os/files.h"
#include "storage/layout.h"

namespace hikae {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { closedir(folder); }
};
using FolderStream = std::unique_ptr<DIR, CloseFolder>;

// A stream of its own, since readdir moves the position that descriptors share.
FolderStream open_stream(int folder) {
  os::Fd fd = os::try_open_at(folder, ".", O_RDONLY | O_DIRECTORY);
  FolderStream stream(fd ? fdopendir(fd.get()) : nullptr);
  if (!stream) throw system_error(errno, text("storage.list_failed"));
  fd.release();
  return stream;
}

}  // namespace

void make_folder(int parent, const std::string& name, mode_t mode) {
  if (mkdirat(parent, name.c_str(), mode) != 0 && errno != EEXIST)
    throw system_error(errno, text("storage.create_folder_failed", {{"path", name}}));
}

os::Fd make_folders(int at, const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    make_folder(at, part, mode);
    if (end == std::string::npos) break;
  }
  os::Fd folder = os::try_open_at(at, path, O_RDONLY | O_DIRECTORY);
  if (!folder) throw system_error(errno, text("storage.create_folder_failed", {{"path", path}}));
  const std::size_t slash = path.rfind('/');
  const os::Fd parent = os::try_open_at(
      at, slash == std::string::npos ? "." : path.substr(0, slash), O_RDONLY | O_DIRECTORY);
  if (parent) os::sync_folder(parent.get());
  os::sync_folder(at);
  return folder;
}

void visit_entries(int folder,
                   const std::function<void(const std::string& name)>& visit,
                   const StopToken& stop) {
  const FolderStream stream = open_stream(folder);
  for (;;) {
    throw_if_stopped(stop);
    errno = 0;
    const dirent* entry = readdir(stream.get());  // NOLINT(concurrency-mt-unsafe): stream is ours
    if (entry == nullptr && errno != 0) throw system_error(errno, text("storage.list_failed"));
    if (entry == nullptr) return;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") visit(name);
  }
}

bool holds_nothing(int folder, int depth, const StopToken& stop) {
  bool nothing = true;
  visit_entries(
      folder,
      [&](const std::string& name) {
        if (!nothing) return;
        const os::Fd below =
            depth == 0 ? os::Fd()
                       : os::try_open_at(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        nothing = below && holds_nothing(below.get(), depth - 1, stop);
      },
      stop);
  return nothing;
}

bool is_temporary_name(const std::string& name) {
  const std::size_t mark = name.find(os::kTemporaryMark);
  if (mark == std::string::npos) return false;
  const std::string_view of = std::string_view(name).substr(0, mark);
  return of == "config" || is_file_name(of);
}

}  // namespace hikae
