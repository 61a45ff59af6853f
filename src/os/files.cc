// SPDX-License-Identifier: Apache-2.0
#include "os/files.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "base/error.h"
#include "os/fd.h"

namespace hikae::os {
namespace {

std::string random_digits() {
  std::array<std::uint8_t, 8> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw system_error(errno, text("os.no_random"));
  return to_hex(bytes);
}

bool not_known_here(int error_number) {
  return error_number == EINVAL || error_number == ENOSYS || error_number == ENOTSUP;
}

// Throws EIO and the like; a file system that has no fsync for this kind of file is accepted.
void sync(int fd) {
  if (fsync(fd) != 0 && !not_known_here(errno)) throw system_error(errno, text("os.sync_failed"));
}

void throw_create_failed(int error_number, const std::string& name) {
  throw system_error(error_number, text("os.create_failed", {{"path", name}}));
}

// A file under its temporary name; removed again unless it was published.
class Draft {
 public:
  Draft(int folder, const std::string& name)
      : folder_(folder), final_(name), name_(name + std::string(kTemporaryMark) + random_digits()) {
    fd_ = try_open_at(folder_, name_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (!fd_) throw_create_failed(errno, final_);
  }
  ~Draft() {
    if (!published_) unlinkat(folder_, name_.c_str(), 0);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  void fill(const std::vector<ByteView>& pieces, const WriteOptions& options) {
    if (options.next_part) {
      for (const ByteView piece : pieces) write_in_parts(piece, options.next_part);
    } else {
      write_all(fd_.get(), pieces);
    }
    sync(fd_.get());
    if (options.page_cache == PageCache::give_back)
      posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
    // Only now, since some NFS servers refuse delayed writes to a read-only file. Some network and
    // FAT file systems know no modes at all.
    if (fchmod(fd_.get(), options.mode) != 0 && errno != EPERM && errno != EACCES &&
        !not_known_here(errno))
      throw system_error(errno, text("os.write_failed"));
    fd_.close();
  }

  void publish(IfExists if_exists) {
    const int error_number = if_exists == IfExists::replace ? replace() : add();
    if (error_number != 0) throw_create_failed(error_number, final_);
    published_ = true;
  }

 private:
  void write_in_parts(ByteView piece, const std::function<std::size_t(std::size_t left)>& next) {
    while (!piece.empty()) {
      const ByteView part = piece.first(std::min(piece.size(), next(piece.size())));
      write_all(fd_.get(), {part});
      piece = piece.subspan(part.size());
    }
  }

  int replace() {
    return renameat(folder_, name_.c_str(), folder_, final_.c_str()) == 0 ? 0 : errno;
  }

  // Three ways, since NFS has no RENAME_NOREPLACE, and FAT neither that nor links. The last one can
  // lose a race, which for files named by their content does no harm.
  int add() {
    if (renameat2(folder_, name_.c_str(), folder_, final_.c_str(), RENAME_NOREPLACE) == 0) return 0;
    if (errno != EPERM && !not_known_here(errno)) return errno;
    if (linkat(folder_, name_.c_str(), folder_, final_.c_str(), 0) == 0) {
      unlinkat(folder_, name_.c_str(), 0);
      return 0;
    }
    if (errno != EPERM && errno != EACCES && !not_known_here(errno)) return errno;
    if (faccessat(folder_, final_.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
    return replace();
  }

  int folder_;
  std::string final_;
  std::string name_;
  Fd fd_;
  bool published_ = false;
};

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

void write_file_durably(int folder,
                        const std::string& name,
                        const std::vector<ByteView>& pieces,
                        const WriteOptions& options) {
  struct stat status {};
  if (options.if_exists == IfExists::fail &&
      fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
    throw_create_failed(EEXIST, name);
  Draft draft(folder, name);
  draft.fill(pieces, options);
  draft.publish(options.if_exists);
  try {
    sync_folder(folder);
  } catch (const Error&) {
    // Not known to be durable: better absent than perhaps there.
    if (options.if_exists == IfExists::fail) unlinkat(folder, name.c_str(), 0);
    throw;
  }
}

void write_file_durably(const std::string& path,
                        const std::vector<ByteView>& pieces,
                        const WriteOptions& options) {
  const auto [folder_path, name] = split(path);
  const Fd folder = open_file(folder_path, O_RDONLY | O_DIRECTORY);
  write_file_durably(folder.get(), name, pieces, options);
}

void sync_folder(int folder) {
  sync(folder);
}

void sync_file_system(const std::string& path) {
  const Fd fd = open_file(path, O_RDONLY);
  if (syncfs(fd.get()) != 0) throw system_error(errno, text("os.sync_failed"));
}

Bytes read_file(const std::string& path, std::size_t limit) {
  const Fd fd = open_file(path, O_RDONLY);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0)
    throw system_error(errno, text("os.open_failed", {{"path", path}}));
  Bytes content;
  // Files of /proc and pipes have no size: read until the end, whatever stat says.
  std::size_t room = static_cast<std::size_t>(status.st_size) + 1;
  for (;;) {
    const std::size_t before = content.size();
    content.resize(std::min(before + room, limit + 1));
    content.resize(before + read_fully(fd.get(), MutableByteView(content).subspan(before)));
    if (content.size() > limit)
      throw Error(ErrorCode::invalid_argument,
                  text("os.file_too_long", {{"path", path}, {"limit", std::to_string(limit)}}));
    if (content.size() < before + room) return content;
    room = std::size_t{64} * 1024;
  }
}

void ensure_directory(const std::string& path, mode_t mode) {
  if (path.empty() || is_directory(path)) return;
  const auto [parent, name] = split(path);
  if (name.empty()) return ensure_directory(parent, mode);
  ensure_directory(parent, mode);
  if (mkdir(path.c_str(), mode) == 0) {
    if (const Fd folder = try_open(parent, O_RDONLY | O_DIRECTORY)) sync_folder(folder.get());
    return;
  }
  const int error_number = errno;
  // Somebody else may have made it meanwhile.
  if (error_number == EEXIST && is_directory(path)) return;
  throw system_error(error_number, text("os.create_failed", {{"path", path}}));
}

DiskSpace free_space(const std::string& path) {
  struct statvfs status {};
  if (statvfs(path.c_str(), &status) != 0)
    throw system_error(errno, text("os.open_failed", {{"path", path}}));
  return {std::uint64_t{status.f_bavail} * status.f_frsize,
          std::uint64_t{status.f_blocks} * status.f_frsize};
}

}  // namespace hikae::os
