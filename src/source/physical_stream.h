// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/crc32c.h"
#include "postgres/base_backup.h"
#include "postgres/manifest.h"
#include "postgres/tar_reader.h"
#include "source/passed_files.h"
#include "source/physical_backup.h"
#include "source/physical_tree.h"
#include "source/suspicious_pages.h"

namespace hikae {

// One base backup from its first byte to its last; see make_physical_backup().
class PhysicalStream final : public SourceStream {
 public:
  // Connects and begins the backup. All references outlive the object.
  PhysicalStream(const PhysicalBackupOptions& options,
                 const std::string& shown_path,
                 ItemErrorSink& errors,
                 Log& log,
                 const Clock& clock,
                 const StopToken& stop);
  ~PhysicalStream() override;
  PhysicalStream(const PhysicalStream&) = delete;
  PhysicalStream& operator=(const PhysicalStream&) = delete;

  std::uint64_t expected_bytes() const override { return backup_.expected_bytes(); }
  std::optional<StreamedItem> next() override;

 private:
  class TarFile;       // a file's content
  class ManifestFile;  // the server's manifest
  class TextFile;      // facts.json
  friend class TarFile;
  friend class ManifestFile;

  bool advance();
  bool begin_archive();
  bool next_tar_entry();
  void check_time() const;
  void begin_folders();
  void bring(const std::string& path, format::Node node, std::unique_ptr<SourceFile> content);
  std::unique_ptr<SourceFile> open_content(const std::string& path,
                                           const postgres::TarEntry& entry);
  std::optional<std::size_t> piece_size(const std::string& server_path) const;
  void bring_manifest();
  void take_manifest(postgres::Manifest manifest);
  void end_backup();
  std::string facts_json() const;

  const PhysicalBackupOptions& options_;
  const std::string& shown_path_;
  ItemErrorSink& errors_;
  Log& log_;
  StopToken stop_;
  std::int64_t begun_;  // seconds since 1970
  const Clock& clock_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  postgres::Connection connection_;
  postgres::ReplicationFacts cluster_;
  postgres::BaseBackup backup_;
  std::map<std::string, std::uint64_t> database_sizes_;  // by number; empty: not known

  BackupNodes nodes_;
  BackupFolders folders_;
  std::deque<StreamedItem> ready_;
  std::optional<postgres::BaseBackup::Archive> archive_;
  std::optional<postgres::TarReader> tar_;
  std::string folder_;         // of the archive in the snapshot: "data", "tablespaces/N"
  std::string server_folder_;  // before its paths in the manifest: "", "pg_tblspc/N/"
  std::vector<postgres::BackupTablespace> not_begun_;  // whose folders have not been brought
  bool has_tablespaces_ = false;

  PassedFiles passed_;
  PassedWal wal_;
  std::vector<SuspiciousPage> suspicious_;
  std::optional<postgres::Manifest> manifest_;
  postgres::BackupPoint end_;
  std::uint64_t damaged_ = 0;
  bool ended_ = false;
};

}  // namespace hikae
