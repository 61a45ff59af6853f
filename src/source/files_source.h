// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/source.h"

namespace hikae {

enum class AllowEmpty { no, yes };
// yes: each path (links followed) must be the root of a mount, bind mounts included, or lie on
// another file system than "/". A folder below a bind mount of "/"'s own file system counts as not
// mounted: nothing tells it from the folder that is there without the mount.
enum class RequireMount { no, yes };
enum class FileSystems { all, one };
enum class AccessTimes { omit, store };  // restic's --with-atime

// What of a host's files to store, with restic's rules: patterns (see filter.h) apply to absolute
// paths; the paths themselves are stored whatever is excluded. All exclusion by content or size
// applies to what is below them.
struct FilesOptions {
  std::vector<std::string> paths;  // absolute, or relative to the working directory; at least one
  std::string working_directory = "/";
  std::vector<std::string> exclude;  // patterns; "!pattern" takes back
  std::vector<std::string> exclude_case_insensitive;
  std::vector<std::string>
      exclude_files;  // files of patterns, one a line, "#" comments, $VARIABLES kept literal
  std::vector<std::string> exclude_if_present;       // NAME or NAME:HEADER
  bool exclude_caches = false;                       // CACHEDIR.TAG with its signature
  std::optional<std::uint64_t> exclude_larger_than;  // bytes; everything but folders
  // one: nothing on other devices than the path it is below; mount points stay as empty folders.
  FileSystems file_systems = FileSystems::all;
  RequireMount require_mount = RequireMount::no;
  AllowEmpty allow_empty = AllowEmpty::no;  // no: an error if all folders together hold no entry
  AccessTimes access_times = AccessTimes::omit;
};

// Throws Error{invalid_argument} for a bad pattern or an unreadable pattern file; the guards are
// checked by open_root().
std::unique_ptr<Source> make_files_source(FilesOptions options);

}  // namespace hikae
