// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace hikae::os {

enum class IfExists { fail, replace };
// Whether what was written stays in the page cache. Large files that nobody reads soon only push
// out what the machine's own programs need, and their pages are used again for the next one.
enum class PageCache { keep, give_back };

struct WriteOptions {
  mode_t mode = 0600;  // of the finished file, whatever the umask; 0600 while it is being written
  IfExists if_exists = IfExists::fail;
  PageCache page_cache = PageCache::keep;
  // Where the writing is to take its time: told how many bytes are left, waits, and returns how
  // many of them are written next (at least one). What it throws ends the writing.
  std::function<std::size_t(std::size_t left)> next_part = {};
};

// Writes `pieces`, one after another, as the file `name` in `folder`, so that it is seen whole or
// not at all and survives a power cut once this returns: temporary name in the same folder, write,
// fsync, rename, fsync of the folder. A file system that knows no fsync or chmod is accepted.
// Throws Error{already_exists} with IfExists::fail; after any error nothing is left under `name`
// that was not there before, and no temporary file.
void write_file_durably(int folder,
                        const std::string& name,
                        const std::vector<ByteView>& pieces,
                        const WriteOptions& options);
// The same by path; the folder must exist.
void write_file_durably(const std::string& path,
                        const std::vector<ByteView>& pieces,
                        const WriteOptions& options);

// What write_file_durably puts between a file's name and random hex digits.
inline constexpr std::string_view kTemporaryMark = "-tmp-";

// Makes what happened to a folder's entries durable. File systems that know no fsync of folders are
// accepted.
void sync_folder(int folder);

// Makes all that was written to the file system which holds `path` durable. Throws Error{io} and
// the like, also for what other programs wrote there.
void sync_file_system(const std::string& path);

// The whole file. Throws Error{invalid_argument} if it is longer than `limit` bytes.
Bytes read_file(const std::string& path, std::size_t limit);

// Creates the folder and missing parents with `mode` (less the umask), durably. What exists stays
// as it is. Throws Error{already_exists} when something else bears the name.
void ensure_directory(const std::string& path, mode_t mode);

struct DiskSpace {
  std::uint64_t free_bytes = 0;  // for ordinary users
  std::uint64_t total_bytes = 0;
};
// Of the file system that holds `path`.
DiskSpace free_space(const std::string& path);

// True when `path` (links followed) is the root of a mount, bind mounts included; false when it
// does not exist.
bool is_mount_point(const std::string& path);

// Of the mount points that `table`, in the format of fstab(5), names at `path` or above it, the
// deepest one, if nothing is mounted there now; "/" does not count. nullopt too when there is no
// such table. Links in `path` are followed as far as it exists.
std::optional<std::string> find_missing_mount(const std::string& path,
                                              const std::string& table = "/etc/fstab");

}  // namespace hikae::os
