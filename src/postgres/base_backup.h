// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postgres/byte_stream.h"
#include "postgres/connection.h"
#include "postgres/page_checksum.h"

namespace hikae::postgres {

// What a server says of itself over a replication connection.
struct ReplicationFacts {
  int server_version = 0;         // 150018
  std::string version_words;      // "15.18 (Debian …)"
  std::string system_identifier;  // of the cluster, for ever
  bool checksums = false;         // of its pages
  bool standby = false;
  std::uint64_t block_size = 0;        // bytes of a page
  std::uint64_t segment_size = 0;      // bytes of a relation's file at most
  std::uint64_t wal_segment_size = 0;  // bytes of a file in pg_wal
  std::uint32_t directory_mode = 0;    // of the data directory
};
ReplicationFacts load_replication_facts(Connection& replication, const StopToken& stop);

// "16MB", "8kB", "1GB" or plain bytes, as SHOW writes sizes; nullopt for anything else. Pure.
std::optional<std::uint64_t> parse_shown_size(std::string_view shown);

// The command in the words of the server's version (PostgreSQL documentation, "Streaming
// Replication Protocol"): 13 and 14 list words, 15 and later give options in parentheses. Page
// checksums are left to us, so that a damaged page does not end the backup; WAL is included at the
// end; the checkpoint is a fast one. Pure. `label` is quoted already.
std::string base_backup_command(int server_major, const std::string& quoted_label);

struct BackupTablespace {
  std::optional<std::uint32_t> oid;  // absent: the data directory itself
  std::string location;              // empty for the data directory
  std::uint64_t size = 0;            // the server's estimate in bytes
};

struct BackupPoint {
  Lsn lsn = 0;
  std::uint32_t timeline = 0;
};

// One BASE_BACKUP over the replication protocol, read from front to end by one thread. The bytes of
// next() are those of the archive that next_archive() told last; empty at its end. Servers up to 14
// send a COPY for each archive, later ones one COPY whose messages tell what they are.
class BaseBackup final : public ByteStream {
 public:
  // Begins it: the server makes a checkpoint first, which takes its time. A slot of this session
  // keeps the WAL until the backup has it. The connection outlives the object, and is used by
  // nobody else. Throws Error; unsupported before version 13, whose backups have no manifest.
  BaseBackup(Connection& replication, const std::string& label, StopToken stop);

  const BackupPoint& start() const { return start_; }
  const std::vector<BackupTablespace>& tablespaces() const { return tablespaces_; }
  std::uint64_t expected_bytes() const;

  struct Archive {
    bool is_manifest = false;
    BackupTablespace tablespace;  // unless it is the manifest
  };
  // REQUIRES: the last archive was read to its end. The manifest comes last; nullopt behind it.
  std::optional<Archive> next_archive();
  ByteView next() override;
  // The server's last word: the backup is whole. REQUIRES: next_archive() gave nullopt. Throws
  // Error when the server says otherwise.
  BackupPoint finish();

 private:
  BackupPoint read_point();
  void read_tablespaces();
  Archive archive_at(const std::string& location) const;
  std::optional<Archive> next_copy();
  std::optional<Archive> next_member();
  bool read_message();
  std::optional<Result> take_result();
  std::optional<CopyData> read_copy();

  Connection& connection_;
  StopToken stop_;
  bool one_copy_;  // since 15
  BackupPoint start_;
  std::vector<BackupTablespace> tablespaces_;
  std::size_t begun_ = 0;         // up to 14: archives, the manifest too
  bool copying_ = false;          // since 15: the COPY has begun
  std::optional<CopyData> held_;  // what the last piece lies in, or an archive's beginning
  bool at_header_ = false;        // held_ tells the next archive
  std::optional<Result> after_;   // what came behind the last COPY
  bool ended_ = false;            // there is no further archive
};

}  // namespace hikae::postgres
