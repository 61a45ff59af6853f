// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/sftp_session.h"
#include "storage/pace.h"

namespace hikae::sftp_files {

using net::SftpSession;
using net::sftp::StatusCode;

// An Error for what a server reports; {reason} is added to the text's arguments. Version 3 has one
// code for most things that go wrong, "Failure", which may pass.
Error status_error(const SftpSession::Answer& answer, Text message);
bool is_missing(const SftpSession::Answer& answer);

// How fast a file may pass.
struct Pacer {
  Pace* pace = nullptr;  // null: as fast as it goes
  FileType type = FileType::pack;
  StopToken stop;

  std::size_t part(std::size_t most) const {
    return pace == nullptr ? most : std::min(most, pace->part());
  }
  void pass(std::size_t bytes) const {
    if (pace != nullptr) pace->pass(type, bytes, stop);
  }
};

// Fills `out` from `offset` of an open file, with many reads under way. Returns how much there was.
// Throws Error. REQUIRES: `out` outlives the session's lease.
std::size_t read_fully(SftpSession& session,
                       std::string_view handle,
                       std::uint64_t offset,
                       MutableByteView out,
                       const Text& failed,
                       const Pacer& pacer);

// Writes the pieces, one after another, from the file's beginning, with all writes under way at
// once, or as many as fit into the pace. Returns the first answer that is no success, else one that
// is; after a failure nothing more is written. REQUIRES: the pieces outlive the session's lease.
SftpSession::Answer write_fully(SftpSession& session,
                                std::string_view handle,
                                const std::vector<ByteView>& pieces,
                                const Pacer& pacer);

// The entries of folders but "." and "..", all folders at once; nullopt for one that does not
// exist. Throws Error. REQUIRES: at most session.open_handles() folders.
std::vector<std::optional<std::vector<net::sftp::Entry>>> read_folders(
    SftpSession& session, const std::vector<std::string>& paths);

// Makes folders that do not depend on each other; those that exist stay as they are.
void make_folders(SftpSession& session, const std::vector<std::string>& paths, std::uint32_t mode);

// Makes what was renamed or removed in a folder durable, where the server can do that. False when
// it cannot.
bool sync_folder(SftpSession& session, const std::string& path);

}  // namespace hikae::sftp_files
