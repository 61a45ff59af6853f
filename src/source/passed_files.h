// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/id.h"
#include "postgres/manifest.h"

namespace hikae {

// What passed of a base backup, to be held against the manifest that comes behind it: 32 bytes for
// each file. Used by one thread.
class PassedFiles {
 public:
  // `path` as the manifest spells it: below the data directory, tablespaces in pg_tblspc/N/.
  void add(std::string_view path, std::uint64_t size, std::uint32_t crc32c);
  // Whether this file passed with this size and this checksum.
  bool has(const postgres::ManifestFile& file) const;
  // Throws Error{corrupt} when it did not, or the manifest tells no CRC-32C of it.
  void check(const postgres::ManifestFile& file) const;
  // Throws Error{corrupt} when more passed than the manifest names.
  void check_all_named(std::uint64_t named) const;

 private:
  std::unordered_set<Digest> passed_;  // of path, size and checksum together
  std::uint64_t count_ = 0;
};

// The WAL that passed. Used by one thread.
class PassedWal {
 public:
  explicit PassedWal(std::uint64_t segment_size) : segment_size_(segment_size) {}
  // Whether the file of pg_wal/ is a segment by its name: these are in no manifest, and have
  // checksums of their own.
  static bool is_segment(std::string_view path);
  // REQUIRES: is_segment(path). A short one is of no use and does not count.
  void add(std::string_view path, std::uint64_t size);
  // Throws Error{corrupt} when a segment between the places is missing or short. Timelines are not
  // compared: a segment in which one ends is there once.
  void check(const std::vector<postgres::WalRange>& ranges) const;

 private:
  std::uint64_t segment_size_;
  std::set<std::uint64_t> segments_;
};

}  // namespace hikae
