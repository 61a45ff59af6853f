// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace hikae::os {

// Owns a file descriptor. Not thread-safe; the descriptor itself may be read by many threads.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { discard(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  // Closes and throws Error where the system reports a write that failed late (NFS). The destructor
  // swallows such errors.
  void close();

 private:
  void discard() noexcept;
  int number_ = -1;
};

// open(2) and openat(2) with O_CLOEXEC, repeated after EINTR. The try_ forms return an invalid Fd
// and leave the reason in errno; the others throw Error with the path.
Fd try_open(const std::string& path, int flags, mode_t mode = 0);
Fd try_open_at(int folder, const std::string& name, int flags, mode_t mode = 0);
Fd open_file(const std::string& path, int flags, mode_t mode = 0);

// Opens `relative_path` so that no component may lead out of the folder `root`, whatever others do
// there meanwhile: no link is followed, an absolute path or one with ".." is refused. "" and "."
// are the folder itself. The path may be longer than PATH_MAX. O_PATH|O_NOFOLLOW opens a link that
// stands at the end. O_CLOEXEC is added.
// try_: an invalid Fd and errno: ELOOP for a link, EXDEV for ".." or an absolute path.
// open_beneath: Error{permission} for these two, else as the system says.
Fd try_open_beneath(int root, const std::string& relative_path, int flags, mode_t mode = 0);
Fd open_beneath(int root, const std::string& relative_path, int flags, mode_t mode = 0);

// "/proc/self/fd/N/name": a path for calls that have no form with a folder's descriptor.
std::string path_at(int folder, std::string_view name);

// All of these repeat after EINTR and throw Error for what the system reports. The message names no
// file: callers add it as context.

// One read; 0 at the end of the file.
std::size_t read_some(int fd, MutableByteView out);
// Until `out` is full or the file ends; returns how much was read.
std::size_t read_fully(int fd, MutableByteView out);
// Throws Error{io} when the file ends before.
void read_exactly(int fd, MutableByteView out);
std::size_t pread_fully(int fd, MutableByteView out, std::uint64_t offset);
void pread_exactly(int fd, MutableByteView out, std::uint64_t offset);
void write_all(int fd, ByteView bytes);
void write_all(int fd, const std::vector<ByteView>& pieces);
void pwrite_all(int fd, ByteView bytes, std::uint64_t offset);

}  // namespace hikae::os
