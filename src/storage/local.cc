// SPDX-License-Identifier: Apache-2.0
#include "storage/local.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "os/files.h"
#include "os/users.h"
#include "storage/layout.h"
#include "storage/local_folders.h"

namespace hikae {
namespace {

// Saves wait for the disk, so that a few at once keep it busy; more only make it seek.
constexpr std::size_t kConnections = 4;
constexpr std::size_t kOpenFiles = 64;
// Packs, but not what the next command reads: index files, snapshots, the trees of a small source.
constexpr std::uint64_t kReadSoon = 4 * kMiB;

constexpr std::string_view kLayout[] = {"data", "keys", "locks", "snapshots", "index"};
constexpr std::string_view kOwnFolder = "hikae";
// ext file systems put it into their root, which may be the repository's folder.
constexpr std::string_view kLostAndFound = "lost+found";

std::string two_digits(unsigned number) {
  const auto byte = static_cast<std::uint8_t>(number);
  return to_hex({&byte, 1});
}

Instant modified_at(const struct stat& status) {
  return Instant(std::chrono::seconds(status.st_mtim.tv_sec) +
                 std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

std::uint64_t total_of(const std::vector<ByteView>& pieces) {
  std::uint64_t size = 0;
  for (const ByteView piece : pieces) size += piece.size();
  return size;
}

// The server of a share has forgotten what the descriptor stood for (restarted, exported anew):
// only a new one helps.
bool is_stale(int fd) {
  struct stat status {};
  return fstat(fd, &status) != 0 && errno == ESTALE;
}

}  // namespace

LocalBackend::LocalBackend(std::string path, AccessMode mode)
    : path_(std::move(path)), mode_(mode), open_files_(kOpenFiles) {}

std::size_t LocalBackend::connections() const {
  return kConnections;
}

Error LocalBackend::explained(Error error) const {
  switch (error.code()) {
    case ErrorCode::no_space:
      error.set_hint(text("storage.no_space_hint", {{"path", path_}}));
      break;
    case ErrorCode::read_only:
      error.set_hint(text("storage.read_only_hint", {{"path", path_}}));
      break;
    case ErrorCode::permission:
      error.set_hint(
          text("storage.permission_hint", {{"path", path_}, {"user", os::current_user_name()}}));
      break;
    case ErrorCode::io:
      error.set_hint(text("storage.io_hint", {{"path", path_}}));
      break;
    default:
      break;
  }
  return error;
}

LocalBackend::RootPointer LocalBackend::find_root() {
  auto root = root_.lock();
  if (*root && !is_stale((*root)->fd.get())) return *root;
  root->reset();
  os::Fd fd = os::try_open(path_, O_RDONLY | O_DIRECTORY);
  if (!fd && errno == ENOENT) return nullptr;
  if (!fd)
    throw explained(system_error(errno, text("storage.open_folder_failed", {{"path", path_}})));
  auto opened = std::make_shared<Root>();
  struct stat config {};
  if (fstatat(fd.get(), "config", &config, 0) == 0 && (config.st_mode & S_IRGRP) != 0) {
    opened->file_mode = 0440;
    opened->folder_mode = 0770;
  }
  opened->fd = std::move(fd);
  *root = std::move(opened);
  return *root;
}

LocalBackend::RootPointer LocalBackend::root() {
  RootPointer found = find_root();
  if (!found)
    throw Error(ErrorCode::no_repository, text("storage.no_folder", {{"path", path_}}))
        .with_hint(text("storage.no_folder_hint"));
  return found;
}

void LocalBackend::refuse_if_read_only() const {
  if (mode_ == AccessMode::read_only)
    throw Error(ErrorCode::read_only, text("storage.opened_read_only", {{"path", path_}}));
}

void LocalBackend::check_not_vanished(const Root& root) const {
  struct stat status {};
  if (fstat(root.fd.get(), &status) == 0 && status.st_nlink > 0) return;
  throw Error(ErrorCode::not_mounted, text("storage.vanished", {{"path", path_}}))
      .with_hint(text("storage.no_folder_hint"));
}

void LocalBackend::check_is_repository(const Root& root) const {
  check_not_vanished(root);
  for (const char* entry : {"config", "data"}) {
    if (faccessat(root.fd.get(), entry, F_OK, 0) == 0) return;
  }
  throw Error(ErrorCode::no_repository, text("storage.not_a_repository", {{"path", path_}}))
      .with_hint(text("storage.no_folder_hint"));
}

void LocalBackend::create_layout(const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  try {
    os::ensure_directory(path_, 0700);
    const RootPointer place = root();
    const mode_t mode = place->folder_mode;
    for (const std::string_view folder : kLayout)
      make_folder(place->fd.get(), std::string(folder), mode);
    const os::Fd data = os::try_open_at(place->fd.get(), "data", O_RDONLY | O_DIRECTORY);
    if (!data) throw system_error(errno, text("storage.open_folder_failed", {{"path", "data"}}));
    for (unsigned i = 0; i < 256; ++i) make_folder(data.get(), two_digits(i), mode);
    os::sync_folder(data.get());
    os::sync_folder(place->fd.get());
  } catch (Error& error) {
    throw explained(std::move(error));
  }
}

bool LocalBackend::is_empty(const StopToken& stop) {
  throw_if_stopped(stop);
  const RootPointer place = find_root();
  if (!place) return true;
  bool empty = true;
  visit_entries(
      place->fd.get(),
      [&](const std::string& name) {
        if (!empty || name == kLostAndFound) return;
        // A layout without files is what an interrupted init leaves.
        const bool ours =
            name == kOwnFolder ||
            std::find(std::begin(kLayout), std::end(kLayout), name) != std::end(kLayout);
        const os::Fd folder =
            ours ? os::try_open_at(place->fd.get(), name, O_RDONLY | O_DIRECTORY) : os::Fd();
        empty = folder && holds_nothing(folder.get(), 1, stop);
      },
      stop);
  return empty;
}

os::Fd LocalBackend::folder_for_writing(const Root& root, const FileHandle& file) {
  const std::string folder = folder_of(file);
  os::Fd fd = os::try_open_at(root.fd.get(), folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
  if (fd) return fd;
  if (errno != ENOENT)
    throw system_error(errno, text("storage.open_folder_failed", {{"path", folder}}));
  // Tools that copy repositories may leave out empty folders; but an empty mount point must not be
  // filled.
  check_is_repository(root);
  return make_folders(root.fd.get(), folder, root.folder_mode);
}

void LocalBackend::save(const FileHandle& file,
                        const std::vector<ByteView>& pieces,
                        const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  try {
    const RootPointer place = root();
    const os::Fd folder = folder_for_writing(*place, file);
    os::WriteOptions options;
    options.mode = place->file_mode;
    if (total_of(pieces) >= kReadSoon) options.page_cache = os::PageCache::give_back;
    options.next_part = next_part(paces_.upload, file.type, stop);
    os::write_file_durably(folder.get(), file.name.empty() ? "config" : file.name, pieces, options);
  } catch (Error& error) {
    error.add_context(text("storage.saving", {{"file", path_of(file)}}));
    throw explained(std::move(error));
  }
}

std::optional<std::uint64_t> LocalBackend::size(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  const RootPointer place = find_root();
  if (!place) return std::nullopt;
  struct stat status {};
  if (fstatat(place->fd.get(), path_of(file).c_str(), &status, 0) == 0)
    return static_cast<std::uint64_t>(status.st_size);
  const int error_number = errno;
  if (error_number != ENOENT) throw unreadable(error_number, file);
  check_not_vanished(*place);
  return std::nullopt;
}

void LocalBackend::visit_folders(
    const Root& root,
    FileType type,
    const std::function<void(int folder, const std::string& prefix)>& visit,
    const StopToken& stop) const {
  const std::string path(folder_of(type));
  const os::Fd folder =
      os::try_open_at(root.fd.get(), path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
  if (!folder && errno == ENOENT) return check_is_repository(root);
  const auto fail = [&](int error_number, const std::string& name) {
    throw explained(
        system_error(error_number, text("storage.open_folder_failed", {{"path", name}})));
  };
  if (!folder) fail(errno, path);
  if (type != FileType::pack) return visit(folder.get(), "");
  for (unsigned i = 0; i < 256; ++i) {
    throw_if_stopped(stop);
    const std::string digits = two_digits(i);
    const os::Fd below = os::try_open_at(folder.get(), digits, O_RDONLY | O_DIRECTORY);
    if (below) {
      visit(below.get(), digits);
    } else if (errno != ENOENT) {
      fail(errno, path + "/" + digits);
    }
  }
}

void LocalBackend::list(FileType type,
                        const std::function<void(const FileInfo&)>& visit,
                        const StopToken& stop) {
  throw_if_stopped(stop);
  const RootPointer place = root();
  const auto visit_file = [&](int folder, const std::string& entry, const std::string& name) {
    struct stat status {};
    // Removed since the folder was read, or no file.
    if (fstatat(folder, entry.c_str(), &status, 0) != 0) {
      if (errno == ENOENT) return;
      throw system_error(errno, text("storage.open_failed", {{"file", entry}}));
    }
    if (S_ISREG(status.st_mode))
      visit({name, static_cast<std::uint64_t>(status.st_size), modified_at(status)});
  };
  if (type == FileType::config) return visit_file(place->fd.get(), "config", "");
  const auto visit_folder = [&](int folder, const std::string& prefix) {
    visit_entries(
        folder,
        [&](const std::string& name) {
          // A pack in another's folder could not be loaded by its name.
          if (is_file_name(name) && name.starts_with(prefix)) visit_file(folder, name, name);
        },
        stop);
  };
  visit_folders(*place, type, visit_folder, stop);
}

void LocalBackend::remove(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  const RootPointer place = root();
  const std::string path = path_of(file);
  open_files_.forget(path);
  if (unlinkat(place->fd.get(), path.c_str(), 0) != 0) {
    const int error_number = errno;
    if (error_number == ENOENT) return check_not_vanished(*place);
    throw explained(system_error(error_number, text("storage.remove_failed", {{"file", path}})));
  }
  // An index or snapshot that came back after a power cut would refer to packs that are gone; a
  // pack or lock that came back does no harm.
  if (file.type == FileType::pack || file.type == FileType::lock) return;
  const std::string folder = folder_of(file);
  if (const os::Fd fd =
          os::try_open_at(place->fd.get(), folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY))
    os::sync_folder(fd.get());
}

std::size_t LocalBackend::remove_leftovers(std::chrono::seconds age, const StopToken& stop) {
  throw_if_stopped(stop);
  refuse_if_read_only();
  const RootPointer place = root();
  const Instant limit = SystemClock().now() - age;
  std::size_t removed = 0;
  const auto clean = [&](int folder, const std::string&) {
    visit_entries(
        folder,
        [&](const std::string& name) {
          struct stat status {};
          if (is_temporary_name(name) &&
              fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
              S_ISREG(status.st_mode) && modified_at(status) < limit &&
              unlinkat(folder, name.c_str(), 0) == 0)
            ++removed;
        },
        stop);
  };
  for (const FileType type : kAllFileTypes) visit_folders(*place, type, clean, stop);
  return removed;
}

Backend::Pacing LocalBackend::keep_pace(const Paces& paces) {
  paces_ = paces;
  return Pacing::kept;
}

std::optional<Space> LocalBackend::space() {
  try {
    if (!find_root()) return std::nullopt;
    const os::DiskSpace disk = os::free_space(path_);
    return Space{disk.free_bytes, disk.total_bytes};
  } catch (const Error&) {
    return std::nullopt;  // a figure for people; what fails shows in the calls that matter
  }
}

}  // namespace hikae
