// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "postgres/byte_stream.h"

namespace hikae::postgres {

struct TarEntry {
  enum class Kind { file, folder, link };
  Kind kind = Kind::file;
  std::string path;  // relative, without "." or ".." or empty components; "" for the root itself
  std::string link_target;
  std::uint32_t mode = 0;  // the lower 12 bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;
  std::string group;
  std::int64_t mtime = 0;  // seconds since 1970
  std::uint64_t size = 0;  // of a file's content
};

// Reads a tar archive from front to end: ustar (POSIX.1-1988) with the numbers in base 256 and long
// names of GNU tar and the path, linkpath and size records of pax (POSIX.1-2001), which is more
// than PostgreSQL writes. Archives of PostgreSQL before 15 end without the two blocks of zeros, so
// that the end is the stream's; whoever owns the stream knows whether that was whole. What the
// archive says is checked: no path leaves its root. Used by one thread.
class TarReader {
 public:
  // The stream outlives the reader.
  explicit TarReader(ByteStream& stream) : stream_(stream) {}

  // What is unread of the last entry's content is skipped. nullopt at the end of the stream. Throws
  // Error{corrupt} for anything else than an archive, or what the stream throws.
  std::optional<TarEntry> next();
  // Content of the last entry; 0 at its end. Throws Error{corrupt} when the archive ends before.
  std::size_t read(MutableByteView out);

 private:
  struct Extension;  // what the headers before an entry say of it

  bool fill();
  std::size_t take(MutableByteView out);
  bool read_block(MutableByteView block);
  void skip(std::uint64_t size);
  std::string read_text(std::uint64_t size);
  void read_extension(char type, std::uint64_t size, Extension& extension);
  void skip_rest();

  ByteStream& stream_;
  ByteView piece_;             // what is left of the stream's last piece
  std::uint64_t content_ = 0;  // unread bytes of the last entry
  std::uint64_t padding_ = 0;  // behind them
};

}  // namespace hikae::postgres
