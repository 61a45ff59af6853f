// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "crypto/hash.h"
#include "postgres/page_checksum.h"

namespace hikae::postgres {

// "0/2000028" as servers write it; nullopt for anything else.
std::optional<Lsn> parse_lsn(std::string_view written);
std::string to_string_lsn(Lsn lsn);

struct ManifestFile {
  std::string path;  // below the data directory; raw bytes
  std::uint64_t size = 0;
  // At most one; none when the manifest has none, or of another kind.
  std::optional<std::uint32_t> crc32c;
  std::optional<Digest> sha256;
};

struct WalRange {
  std::uint32_t timeline = 0;
  Lsn start = 0;
  Lsn end = 0;
};

struct Manifest {
  int version = 0;
  std::string system_identifier;  // since version 2 (PostgreSQL 17); empty before
  std::uint64_t files = 0;
  std::vector<WalRange> wal;  // one for each timeline of the backup, the newest first

  // REQUIRES: as ManifestReader gives it.
  const WalRange& newest_wal() const;
};

// Reads a backup_manifest (PostgreSQL documentation, "Backup Manifest Format") line by line as the
// server writes it, so that no more than a line is kept. Used by one thread.
class ManifestReader {
 public:
  using Visit = std::function<void(const ManifestFile&)>;
  explicit ManifestReader(Visit visit) : visit_(std::move(visit)) {}
  // Throws Error{corrupt} for what is no manifest.
  void update(ByteView bytes);
  // Throws Error{corrupt} unless the manifest ended, and its checksum of itself is right.
  Manifest finish();

 private:
  void read_line(std::string_view line);

  Visit visit_;
  std::string line_;
  Sha256 hash_;
  Manifest manifest_;
  std::optional<Digest> expected_;
  std::optional<Digest> found_;
};

}  // namespace hikae::postgres
