// SPDX-License-Identifier: Apache-2.0
#include "os/fd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <climits>

#include "base/error.h"

namespace hikae::os {
namespace {

template <typename Call>
auto repeat_when_interrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

Fd refuse(int error_number) {
  errno = error_number;
  return {};
}

// The components without empty ones and "."; nullopt if one is "..".
std::optional<std::vector<std::string>> components_of(const std::string& path) {
  std::vector<std::string> components;
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    std::string component = path.substr(start, end - start);
    if (component == "..") return std::nullopt;
    if (!component.empty() && component != ".") components.push_back(std::move(component));
    start = end + 1;
  }
  return components;
}

bool has_parent_component(const std::string& path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") ||
         path.find("/../") != std::string::npos;
}

// One folder deeper. The kernel says ENOTDIR for a link here, where openat2 says ELOOP.
Fd step_into(int folder, const std::string& name) {
  Fd next = try_open_at(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (next || errno != ENOTDIR) return next;
  struct stat status {};
  const bool is_link =
      fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
  return refuse(is_link ? ELOOP : ENOTDIR);
}

Fd open_beneath_by_steps(int root, const std::string& path, int flags, mode_t mode) {
  const auto components = components_of(path);
  if (!components) return refuse(EXDEV);
  if (components->empty()) return try_open_at(root, ".", flags, mode);
  Fd folder;
  int at = root;
  for (std::size_t i = 0; i + 1 < components->size(); ++i) {
    folder = step_into(at, (*components)[i]);
    if (!folder) return folder;
    at = folder.get();
  }
  Fd file = try_open_at(at, components->back(), flags | O_NOFOLLOW, mode);
  // As in step_into: O_DIRECTORY on a link is ENOTDIR for openat and ELOOP for openat2.
  if (!file && errno == ENOTDIR) return step_into(at, components->back());
  return file;
}

void throw_read_failed(int error_number) {
  throw system_error(error_number, text("os.read_failed"));
}
void throw_write_failed(int error_number) {
  throw system_error(error_number, text("os.write_failed"));
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    discard();
    number_ = other.release();
  }
  return *this;
}

void Fd::discard() noexcept {
  if (number_ < 0) return;
  // Callers look at errno after an Fd has gone.
  const int kept = errno;
  ::close(std::exchange(number_, -1));
  errno = kept;
}

void Fd::close() {
  // After EINTR the descriptor is closed already on Linux; closing again could hit another
  // thread's.
  if (number_ >= 0 && ::close(std::exchange(number_, -1)) != 0 && errno != EINTR)
    throw_write_failed(errno);
}

Fd try_open(const std::string& path, int flags, mode_t mode) {
  return try_open_at(AT_FDCWD, path, flags, mode);
}

Fd try_open_at(int folder, const std::string& name, int flags, mode_t mode) {
  return Fd(repeat_when_interrupted(
      [&] { return openat(folder, name.c_str(), flags | O_CLOEXEC, mode); }));
}

Fd open_file(const std::string& path, int flags, mode_t mode) {
  Fd fd = try_open(path, flags, mode);
  if (!fd) throw system_error(errno, text("os.open_failed", {{"path", path}}));
  return fd;
}

Fd try_open_beneath(int root, const std::string& relative_path, int flags, mode_t mode) {
  if (relative_path.starts_with('/') || has_parent_component(relative_path)) return refuse(EXDEV);
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC));
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const char* path = relative_path.empty() ? "." : relative_path.c_str();
  Fd fd(static_cast<int>(
      repeat_when_interrupted([&] { return syscall(SYS_openat2, root, path, &how, sizeof how); })));
  if (fd) return fd;
  // EPERM may be a container's seccomp filter that does not know openat2; a real EPERM comes again.
  const bool too_long = errno == ENAMETOOLONG && relative_path.size() >= PATH_MAX;
  if (errno != ENOSYS && errno != EPERM && !too_long) return fd;
  return open_beneath_by_steps(root, relative_path, flags, mode);
}

Fd open_beneath(int root, const std::string& relative_path, int flags, mode_t mode) {
  Fd fd = try_open_beneath(root, relative_path, flags, mode);
  if (fd) return fd;
  if (errno == ELOOP || errno == EXDEV)
    throw Error(ErrorCode::permission, text("os.leads_elsewhere", {{"path", relative_path}}));
  throw system_error(errno, text("os.open_failed", {{"path", relative_path}}));
}

std::string path_at(int folder, std::string_view name) {
  return "/proc/self/fd/" + std::to_string(folder) + "/" + std::string(name);
}

std::size_t read_some(int fd, MutableByteView out) {
  const ssize_t count = repeat_when_interrupted([&] { return ::read(fd, out.data(), out.size()); });
  if (count < 0) throw_read_failed(errno);
  return static_cast<std::size_t>(count);
}

std::size_t read_fully(int fd, MutableByteView out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t count = read_some(fd, out.subspan(done));
    if (count == 0) break;
    done += count;
  }
  return done;
}

void read_exactly(int fd, MutableByteView out) {
  if (read_fully(fd, out) != out.size()) throw Error(ErrorCode::io, text("os.file_ends_early"));
}

std::size_t pread_fully(int fd, MutableByteView out, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = repeat_when_interrupted([&] {
      return ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    });
    if (count < 0) throw_read_failed(errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void pread_exactly(int fd, MutableByteView out, std::uint64_t offset) {
  if (pread_fully(fd, out, offset) != out.size())
    throw Error(ErrorCode::io, text("os.file_ends_early"));
}

void write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        repeat_when_interrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (count < 0) throw_write_failed(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void write_all(int fd, const std::vector<ByteView>& pieces) {
  std::vector<iovec> rest;
  rest.reserve(pieces.size());
  for (const ByteView piece : pieces) {
    // writev only reads, but its structure serves readv too.
    void* data = const_cast<std::uint8_t*>(piece.data());  // NOLINT(*-pro-type-const-cast)
    if (!piece.empty()) rest.push_back({data, piece.size()});
  }
  std::size_t first = 0;
  while (first < rest.size()) {
    const int batch = static_cast<int>(std::min<std::size_t>(rest.size() - first, IOV_MAX));
    const ssize_t count =
        repeat_when_interrupted([&] { return ::writev(fd, &rest[first], batch); });
    if (count < 0) throw_write_failed(errno);
    auto written = static_cast<std::size_t>(count);
    while (first < rest.size() && written >= rest[first].iov_len) written -= rest[first++].iov_len;
    if (written > 0) {
      rest[first].iov_base = static_cast<std::uint8_t*>(rest[first].iov_base) + written;
      rest[first].iov_len -= written;
    }
  }
}

void pwrite_all(int fd, ByteView bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = repeat_when_interrupted(
        [&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (count < 0) throw_write_failed(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

}  // namespace hikae::os
