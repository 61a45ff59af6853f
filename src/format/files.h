// SPDX-License-Identifier: Apache-2.0
// The small JSON files of a repository: config, keys, locks, snapshots. Source of the format:
// restic doc/design.rst and the notes in docs/format.md. All decoders throw Error{corrupt} and name
// the field; unknown fields are ignored. A config of a later format version is no damage but
// Error{unsupported}.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "format/time.h"

namespace hikae::format {

// <repository>/config, sealed, never compressed.
struct Config {
  std::uint32_t version = 2;             // 1 and 2 are read; 2 is written
  std::string id;                        // 64 hex digits, random
  std::uint64_t chunker_polynomial = 0;  // hex in the file
  bool append_only = false;              // rustic's field: honoured, never written by us
  bool operator==(const Config&) const = default;
};
std::string encode(const Config& config);
Config decode_config(std::string_view json);

// keys/<id>: plain JSON. `data` holds the master key, sealed with the key that scrypt derives from
// the password.
struct KeyFile {
  Timestamp created;
  std::string username;
  std::string hostname;
  std::string kdf = "scrypt";
  std::uint32_t n = 0;
  std::uint32_t r = 0;
  std::uint32_t p = 0;
  Bytes salt;  // exactly 64 bytes
  Bytes data;
};
std::string encode(const KeyFile& key);
KeyFile decode_key_file(std::string_view json);

// The plaintext of KeyFile::data: {"mac":{"k":"…","r":"…"},"encrypt":"…"}; the caller wipes it.
struct MasterKeyFields {
  std::array<std::uint8_t, 32> encrypt{};
  std::array<std::uint8_t, 16> mac_k{};
  std::array<std::uint8_t, 16> mac_r{};
};
std::string encode(const MasterKeyFields& key);
MasterKeyFields decode_master_key(std::string_view json);

// locks/<id>. `boot_id`, `pid_ns` and `pid_start` are ours; restic ignores them. They tell whether
// a pid can be judged here, since containers share hostname and pid, and whether it is still the
// same process, since numbers are given anew.
struct Lock {
  Timestamp time;
  bool exclusive = false;
  std::string hostname;
  std::string username;
  std::int64_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string boot_id;
  std::string pid_ns;
  std::string pid_start;
};
std::string encode(const Lock& lock);
Lock decode_lock(std::string_view json);

struct SnapshotSummary {
  Timestamp backup_start;
  Timestamp backup_end;
  std::uint64_t files_new = 0;
  std::uint64_t files_changed = 0;
  std::uint64_t files_unmodified = 0;
  std::uint64_t dirs_new = 0;
  std::uint64_t dirs_changed = 0;
  std::uint64_t dirs_unmodified = 0;
  std::uint64_t data_blobs = 0;
  std::uint64_t tree_blobs = 0;
  std::uint64_t data_added = 0;         // bytes before compression
  std::uint64_t data_added_packed = 0;  // bytes as stored
  std::uint64_t total_files_processed = 0;
  std::uint64_t total_bytes_processed = 0;
  bool operator==(const SnapshotSummary&) const = default;
};

// snapshots/<id>, key order as restic writes it.
struct Snapshot {
  Timestamp time;
  std::optional<SnapshotId> parent;
  BlobId tree;
  std::vector<std::string> paths;
  std::string hostname;
  std::string username;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::string> excludes;
  std::vector<std::string> tags;
  std::optional<SnapshotId> original;
  std::string program_version;
  std::optional<SnapshotSummary> summary;
};
std::string encode(const Snapshot& snapshot);
Snapshot decode_snapshot(std::string_view json);

}  // namespace hikae::format
