// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/node.h"
#include "os/time_zone.h"
#include "postgres/tar_reader.h"

namespace hikae {

// Which folders of a base backup may still bring something. The server walks depth-first, but comes
// back to global/ for pg_control and to pg_wal/ for the WAL: these stay open to the end. Pure.
class BackupFolders {
 public:
  // An entry of `folder` comes: the folders that are complete now, innermost first.
  std::vector<std::string> leave_for(std::string_view folder);
  // A folder came.
  void enter(const std::string& path);

 private:
  std::vector<std::string> open_;  // each one below the one before
};

// "a/b" and "c" of "a/b/c".
struct SplitPath {
  std::string folder;
  std::string name;
};
SplitPath split_path(const std::string& path);

// Tar headers as nodes, with times in the host's zone as all others in a snapshot.
class BackupNodes {
 public:
  format::Node from_tar(const postgres::TarEntry& entry, std::string name) const;
  // What no archive names. Files are read-only for their owner.
  format::Node folder(std::string name, std::uint32_t mode, std::int64_t seconds) const;
  format::Node file(std::string name, std::int64_t seconds) const;
  // Owner of what no archive names: that of the first entry.
  void set_owner(const postgres::TarEntry& entry);

 private:
  void set_times(format::Node& node, std::int64_t seconds) const;
  void own(format::Node& node) const;

  os::LocalOffsets offsets_;
  std::optional<postgres::TarEntry> owner_;
};

}  // namespace hikae
