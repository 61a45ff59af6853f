// SPDX-License-Identifier: Apache-2.0
// How LocalBackend reads.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/units.h"
#include "os/files.h"
#include "storage/layout.h"
#include "storage/local.h"

namespace hikae {
namespace {

// Reads are done in parts of this size, so that a stop is noticed.
constexpr std::size_t kReadPart = 32 * kMiB;

Error too_short(const FileHandle& file) {
  return {ErrorCode::corrupt, text("storage.file_too_short", {{"file", path_of(file)}})};
}

}  // namespace

Error LocalBackend::unreadable(int error_number, const FileHandle& file) const {
  return explained(
      system_error(error_number, text("storage.open_failed", {{"file", path_of(file)}})));
}

os::Fd LocalBackend::open_for_reading(const FileHandle& file) {
  check_name(file);
  const RootPointer place = root();
  // O_NONBLOCK: a named pipe put in the place of a file must not stop us for ever.
  os::Fd fd = os::try_open_at(place->fd.get(), path_of(file), O_RDONLY | O_NONBLOCK);
  if (fd) return fd;
  const int error_number = errno;
  if (error_number == ENOENT) check_not_vanished(*place);
  throw unreadable(error_number, file);
}

std::uint64_t LocalBackend::size_of(int fd, const FileHandle& file) const {
  struct stat status {};
  if (fstat(fd, &status) != 0) throw unreadable(errno, file);
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::corrupt, text("storage.not_a_file", {{"file", path_of(file)}}));
  return static_cast<std::uint64_t>(status.st_size);
}

std::size_t LocalBackend::read_part(
    int fd, FileType type, std::uint64_t offset, MutableByteView out, const StopToken& stop) const {
  std::size_t asked = 0;
  std::size_t read = 0;
  in_parts(paces_.download.get(), type, out.size(), stop, [&](std::size_t bytes) {
    read += os::pread_fully(fd, out.subspan(asked, bytes), offset + asked);
    asked += bytes;
  });
  return read;
}

Bytes LocalBackend::load(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  const os::Fd fd = open_for_reading(file);
  const std::uint64_t size = size_of(fd.get(), file);
  // Doubles the kernel's read-ahead; not worth a call for small files.
  if (size >= kMiB) posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  Bytes content(size);
  try {
    for (std::size_t done = 0; done < content.size();) {
      throw_if_stopped(stop);
      const auto part =
          MutableByteView(content).subspan(done, std::min(kReadPart, content.size() - done));
      if (read_part(fd.get(), file.type, done, part, stop) != part.size()) throw too_short(file);
      done += part.size();
    }
  } catch (Error& error) {
    error.add_context(text("storage.loading", {{"file", path_of(file)}}));
    throw explained(std::move(error));
  }
  return content;
}

void LocalBackend::load_range(const FileHandle& file,
                              std::uint64_t offset,
                              MutableByteView out,
                              const StopToken& stop) {
  throw_if_stopped(stop);
  const std::string path = path_of(file);
  OpenFiles::File open = open_files_.find(path);
  if (!open) {
    os::Fd fd = open_for_reading(file);
    const std::uint64_t size = size_of(fd.get(), file);
    open = open_files_.add(path, {std::move(fd), size});
  }
  try {
    // Files never grow, and a damaged index may ask for offsets that no file can have.
    const bool beyond = offset > open->size || out.size() > open->size - offset;
    if (beyond || read_part(open->fd.get(), file.type, offset, out, stop) != out.size())
      throw too_short(file);
  } catch (Error& error) {
    // After ESTALE only a new descriptor helps.
    open_files_.forget(path);
    error.add_context(text("storage.loading", {{"file", path}}));
    throw explained(std::move(error));
  }
}

}  // namespace hikae
