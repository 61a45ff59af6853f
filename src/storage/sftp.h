// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/sftp_session.h"
#include "storage/backend.h"
#include "storage/location.h"
#include "storage/pace.h"
#include "storage/sftp_connections.h"
#include "storage/sftp_files.h"

namespace hikae {

struct SftpOptions {
  net::SshTarget target;
  std::string path;      // of the repository on the server; relative: below the login's home
  std::string location;  // for people
  AccessMode mode = AccessMode::read_write;
  std::size_t connections = 4;
  net::SftpTimes times;
};

// A repository on a server that is reached over SSH, by the system's OpenSSH client. SFTP version 3
// is all the server needs; no shell, no extension. What of OpenSSH's extensions it has is used:
//   limits   larger packets
//   fsync    files, and the folders that name them, are durable when save() returns. Without it,
//            save() still verifies the length, and what a power cut at the server loses is what its
//            own disk cache held.
//   statvfs  space(), and the difference between a full disk and another failure
//   posix-rename  where the plain rename, which never replaces a file, is not possible
// Folders are 0700 and finished files 0400, where the server lets modes be set.
//
// Errors beyond Backend's: no_repository when the folder does not exist or is none; those of
// SftpSession.
class SftpBackend final : public Backend {
 public:
  // Connects to nothing yet.
  explicit SftpBackend(SftpOptions options);

  std::string location() const override { return options_.location; }
  std::size_t connections() const override { return connections_.limit(); }
  std::size_t read_ahead() const override { return kReadAhead; }
  void create_layout(const StopToken& stop) override;
  bool is_empty(const StopToken& stop) override;
  using Backend::save;
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override;
  Bytes load(const FileHandle& file, const StopToken& stop) override;
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override;
  std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) override;
  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override;
  void remove(const FileHandle& file, const StopToken& stop) override;
  std::size_t remove_leftovers(std::chrono::seconds age, const StopToken& stop) override;
  Pacing keep_pace(const Paces& paces) override;
  std::optional<Space> space() override;
  std::optional<Transport> transport() override { return connections_.transport(); }

 private:
  std::string full_path(const std::string& relative_path) const;
  void refuse_if_read_only() const;
  Error explained(Error error) const;
  Error no_repository(std::string_view key) const;
  void check_root_exists(SftpConnection& connection) const;
  void check_is_repository(SftpConnection& connection) const;

  std::string begin_draft(SftpConnection& connection,
                          const FileHandle& file,
                          const std::string& draft) const;
  void fill_draft(SftpConnection& connection,
                  const std::string& handle,
                  const std::vector<ByteView>& pieces,
                  const sftp_files::Pacer& pacer) const;
  void publish(SftpConnection& connection, const std::string& draft, const FileHandle& file) const;
  void sync_folder_of(SftpConnection& connection, const FileHandle& file) const;
  // What "Failure" means for something that takes up space.
  Error write_error(SftpConnection& connection,
                    const net::SftpSession::Answer& answer,
                    Text message,
                    std::uint64_t wanted) const;
  Error data_error(SftpConnection& connection,
                   const net::SftpSession::Answer& answer,
                   std::uint64_t size) const;
  SftpConnection::OpenFile open_for_reading(SftpConnection& connection,
                                            const FileHandle& file) const;
  const SftpConnection::OpenFile& find_open(SftpConnection& connection, const FileHandle& file);
  // The folders that hold files of a kind, as they are named below the repository.
  static std::vector<std::string> folders_of(FileType type);
  // Calls `visit` with each of these folders that exists and its entries, while no connection is
  // held.
  void visit_folders(FileType type,
                     const std::function<void(const std::string& folder,
                                              std::vector<net::sftp::Entry>& entries)>& visit,
                     const StopToken& stop);
  std::optional<FileInfo> info_of(const std::string& folder,
                                  const net::sftp::Entry& entry,
                                  const std::string& name,
                                  const StopToken& stop);

  const SftpOptions options_;
  SftpConnections connections_;
  Paces paces_;
  std::atomic<std::uint64_t> removals_{0};
};

}  // namespace hikae
