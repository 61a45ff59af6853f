// SPDX-License-Identifier: Apache-2.0
#include "storage/sftp.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "crypto/random.h"
#include "os/files.h"
#include "storage/layout.h"

namespace hikae {

using net::SftpSession;
using net::sftp::Attributes;
using net::sftp::OpenFlags;
using net::sftp::StatusCode;
using Answer = SftpSession::Answer;

namespace {

constexpr std::uint32_t kDraftMode = 0600;
constexpr std::uint32_t kFileMode = 0400;
constexpr std::uint32_t kFolderMode = 0700;
// Kept open for the ranges of a pack; a NAS may allow few open files.
constexpr std::size_t kOpenFiles = 8;

std::string random_digits() {
  std::array<std::uint8_t, 8> bytes{};
  fill_random(bytes);
  return to_hex(bytes);
}

std::uint64_t size_of(const std::vector<ByteView>& pieces) {
  std::uint64_t size = 0;
  for (const ByteView piece : pieces) size += piece.size();
  return size;
}

Error too_short(const FileHandle& file) {
  return {ErrorCode::corrupt, text("storage.file_too_short", {{"file", path_of(file)}})};
}

}  // namespace

SftpBackend::SftpBackend(SftpOptions options)
    : options_(std::move(options)),
      connections_(
          options_.target, options_.times, std::max<std::size_t>(options_.connections, 1)) {}

std::string SftpBackend::full_path(const std::string& relative_path) const {
  if (relative_path.empty()) return options_.path;
  return options_.path + (options_.path.ends_with('/') ? "" : "/") + relative_path;
}

void SftpBackend::refuse_if_read_only() const {
  if (options_.mode == AccessMode::read_only)
    throw Error(ErrorCode::read_only,
                text("storage.opened_read_only", {{"path", options_.location}}));
}

Error SftpBackend::explained(Error error) const {
  const Text::Arguments path = {{"path", options_.location}};
  switch (error.code()) {
    case ErrorCode::no_space:
      error.set_hint(text("storage.no_space_hint", path));
      break;
    case ErrorCode::read_only:
      error.set_hint(text("storage.sftp_read_only_hint", path));
      break;
    case ErrorCode::permission:
      error.set_hint(text("storage.sftp_permission_hint", path));
      break;
    default:
      break;
  }
  return error;
}

Error SftpBackend::no_repository(std::string_view key) const {
  return Error(ErrorCode::no_repository, text(key, {{"path", options_.location}}))
      .with_hint(text("storage.sftp_no_folder_hint"));
}

void SftpBackend::check_root_exists(SftpConnection& connection) const {
  const Answer root = connection.session.wait(connection.session.stat(options_.path));
  if (sftp_files::is_missing(root)) throw no_repository("storage.no_folder");
}

void SftpBackend::check_is_repository(SftpConnection& connection) const {
  check_root_exists(connection);
  const auto config = connection.session.stat(full_path("config"));
  const auto data = connection.session.stat(full_path("data"));
  const bool has_config = connection.session.wait(config).is_ok();
  const bool has_data = connection.session.wait(data).is_ok();
  if (!has_config && !has_data) throw no_repository("storage.not_a_repository");
}

Error SftpBackend::write_error(SftpConnection& connection,
                               const Answer& answer,
                               Text message,
                               std::uint64_t wanted) const {
  const bool says_so = answer.message.find("space") != std::string::npos ||
                       answer.message.find("uota") != std::string::npos;
  Error error = sftp_files::status_error(answer, message);
  if (answer.status != StatusCode::failure) return error;
  message.arguments = error.message().arguments;
  if (says_so) return {ErrorCode::no_space, std::move(message)};
  // OpenSSH has the one word "Failure" for a full disk, a quota, a read-only file system and a
  // broken disk.
  SftpSession& session = connection.session;
  if (!session.is_usable() || !session.knows(net::sftp::kStatvfs)) return error;
  const Answer told = session.wait(session.statvfs(options_.path));
  if (!told.is_ok()) return error;
  const net::sftp::FileSystem disk = net::sftp::parse_statvfs(told.extended);
  const auto with_reason = [&](const char* reason) {
    message.arguments.back().second = reason;
    return message;
  };
  if (disk.read_only) return {ErrorCode::read_only, with_reason("Read-only file system")};
  const bool no_room = disk.free_blocks * disk.block_size < wanted;
  const bool no_files = disk.files > 0 && disk.free_files == 0;
  if (no_room || no_files) return {ErrorCode::no_space, with_reason("No space left on device")};
  return error;
}

Error SftpBackend::data_error(SftpConnection& connection,
                              const Answer& answer,
                              std::uint64_t size) const {
  Error error = write_error(connection, answer, text("storage.sftp_write_failed"), size);
  // An open file that takes no more: of the things that are left, a quota is the likely one.
  if (error.code() == ErrorCode::io && answer.status == StatusCode::failure)
    return {ErrorCode::no_space, text("storage.sftp_write_refused")};
  return error;
}

std::string SftpBackend::begin_draft(SftpConnection& connection,
                                     const FileHandle& file,
                                     const std::string& draft) const {
  SftpSession& session = connection.session;
  const Attributes mode{std::nullopt, kDraftMode, std::nullopt};
  const auto existing = session.stat(full_path(path_of(file)));
  const auto opening = session.open(draft, OpenFlags::create_new, mode);
  const Answer existed = session.wait(existing);
  Answer opened = session.wait(opening);
  if (existed.is_ok()) {
    if (opened.is_ok()) session.forget(session.close(opened.handle));
    throw Error(ErrorCode::already_exists, text("storage.file_exists", {{"file", path_of(file)}}));
  }
  if (sftp_files::is_missing(opened)) {
    // Tools that copy repositories may leave out empty folders; but an empty mount point must not
    // be filled.
    check_is_repository(connection);
    const std::string folder = folder_of(file);
    for (std::size_t end = folder.find('/'); end != std::string::npos;
         end = folder.find('/', end + 1))
      sftp_files::make_folders(session, {full_path(folder.substr(0, end))}, kFolderMode);
    sftp_files::make_folders(session, {full_path(folder)}, kFolderMode);
    opened = session.wait(session.open(draft, OpenFlags::create_new, mode));
  }
  if (!opened.is_ok())
    throw write_error(
        connection, opened, text("storage.sftp_create_failed", {{"file", path_of(file)}}), 1);
  return opened.handle;
}

void SftpBackend::fill_draft(SftpConnection& connection,
                             const std::string& handle,
                             const std::vector<ByteView>& pieces,
                             const sftp_files::Pacer& pacer) const {
  SftpSession& session = connection.session;
  const Answer written = sftp_files::write_fully(session, handle, pieces, pacer);
  const std::uint64_t size = size_of(pieces);
  if (!written.is_ok()) throw data_error(connection, written, size);
  // The mode first, so that it is durable too. Servers may refuse to set it.
  const auto mode = session.fsetstat(handle, {std::nullopt, kFileMode, std::nullopt});
  const auto length = session.fstat(handle);
  const bool can_sync = session.knows(net::sftp::kFsync);
  const auto sync = can_sync ? session.fsync(handle) : 0;
  const auto close = session.close(handle);
  session.wait(mode);
  const Answer stored = session.wait(length);
  const Answer synced = can_sync ? session.wait(sync) : Answer();
  const Answer closed = session.wait(close);
  for (const Answer* answer : {&stored, &synced, &closed}) {
    if (!answer->is_ok())
      throw write_error(connection, *answer, text("storage.sftp_write_failed"), size);
  }
  if (stored.attributes.size && *stored.attributes.size != size)
    throw Error(ErrorCode::io,
                text("storage.sftp_wrong_length",
                     {{"expected", std::to_string(size)},
                      {"stored", std::to_string(*stored.attributes.size)}}),
                Retry::after_backoff);
}

void SftpBackend::publish(SftpConnection& connection,
                          const std::string& draft,
                          const FileHandle& file) const {
  SftpSession& session = connection.session;
  const std::string path = full_path(path_of(file));
  // The plain rename never replaces a file. The other one does, so that it comes second.
  Answer renamed = session.wait(session.rename(draft, path));
  if (renamed.is_ok()) return;
  if (session.wait(session.stat(path)).is_ok())
    throw Error(ErrorCode::already_exists, text("storage.file_exists", {{"file", path_of(file)}}));
  if (session.knows(net::sftp::kPosixRename))
    renamed = session.wait(session.posix_rename(draft, path));
  if (!renamed.is_ok())
    throw write_error(
        connection, renamed, text("storage.sftp_create_failed", {{"file", path_of(file)}}), 1);
}

void SftpBackend::sync_folder_of(SftpConnection& connection, const FileHandle& file) const {
  if (connection.syncs_folders)
    connection.syncs_folders =
        sftp_files::sync_folder(connection.session, full_path(folder_of(file)));
}

void SftpBackend::save(const FileHandle& file,
                       const std::vector<ByteView>& pieces,
                       const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  try {
    const auto connection = connections_.acquire(stop);
    SftpSession& session = connection->session;
    const std::string draft =
        full_path(path_of(file)) + std::string(os::kTemporaryMark) + random_digits();
    std::optional<std::string> handle;
    try {
      handle = begin_draft(*connection, file, draft);
      fill_draft(*connection, *handle, pieces, {paces_.upload.get(), file.type, stop});
      publish(*connection, draft, file);
    } catch (...) {
      // Best effort: what stays behind is found by remove_leftovers(). The server may have made the
      // draft without our knowing, where a stop came before its answer.
      session.settle(std::chrono::seconds(2));
      if (session.is_usable()) {
        if (handle) session.forget(session.close(*handle));
        session.forget(session.remove(draft));
      }
      throw;
    }
    sync_folder_of(*connection, file);
  } catch (Error& error) {
    error.add_context(text("storage.saving", {{"file", path_of(file)}}));
    throw explained(std::move(error));
  }
}

SftpConnection::OpenFile SftpBackend::open_for_reading(SftpConnection& connection,
                                                       const FileHandle& file) const {
  SftpSession& session = connection.session;
  const std::string path = full_path(path_of(file));
  const Text failed = text("storage.open_failed", {{"file", path_of(file)}});
  const Answer opened = session.wait(session.open(path, OpenFlags::read));
  if (sftp_files::is_missing(opened)) check_root_exists(connection);
  if (!opened.is_ok()) throw sftp_files::status_error(opened, failed);
  const Answer status = session.wait(session.fstat(opened.handle));
  if (!status.is_ok()) throw sftp_files::status_error(status, failed);
  const bool other_kind =
      status.attributes.permissions && !net::sftp::is_regular_file(status.attributes);
  if (other_kind || !status.attributes.size) {
    session.forget(session.close(opened.handle));
    throw Error(ErrorCode::corrupt, text("storage.not_a_file", {{"file", path_of(file)}}));
  }
  return {path_of(file), opened.handle, *status.attributes.size};
}

Bytes SftpBackend::load(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  Bytes content;  // before the lease: it outlives what is under way
  try {
    const auto connection = connections_.acquire(stop);
    SftpSession& session = connection->session;
    const SftpConnection::OpenFile open = open_for_reading(*connection, file);
    content.resize(open.size);
    const Text failed = text("storage.open_failed", {{"file", path_of(file)}});
    const std::size_t size = sftp_files::read_fully(
        session, open.handle, 0, content, failed, {paces_.download.get(), file.type, stop});
    session.forget(session.close(open.handle));
    if (size != content.size()) throw too_short(file);
  } catch (Error& error) {
    error.add_context(text("storage.loading", {{"file", path_of(file)}}));
    throw explained(std::move(error));
  }
  return content;
}

const SftpConnection::OpenFile& SftpBackend::find_open(SftpConnection& connection,
                                                       const FileHandle& file) {
  auto& files = connection.open_files;
  SftpSession& session = connection.session;
  // A removed file can still be read by who has it open; nobody may take it for a stored one.
  const std::uint64_t removals = removals_;
  if (connection.removals != removals) {
    for (const auto& open : files) session.forget(session.close(open.handle));
    files.clear();
    connection.removals = removals;
  }
  const std::string path = path_of(file);
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& open) { return open.path == path; });
  if (found != files.end()) {
    files.splice(files.begin(), files, found);
    return files.front();
  }
  files.push_front(open_for_reading(connection, file));
  if (files.size() > kOpenFiles) {
    session.forget(session.close(files.back().handle));
    files.pop_back();
  }
  return files.front();
}

void SftpBackend::load_range(const FileHandle& file,
                             std::uint64_t offset,
                             MutableByteView out,
                             const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  try {
    const auto connection = connections_.acquire(stop);
    const SftpConnection::OpenFile& open = find_open(*connection, file);
    // Files never grow, and a damaged index may ask for offsets that no file can have.
    const bool beyond = offset > open.size || out.size() > open.size - offset;
    if (beyond) throw too_short(file);
    const Text failed = text("storage.open_failed", {{"file", path_of(file)}});
    SftpSession& session = connection->session;
    try {
      const sftp_files::Pacer pacer{paces_.download.get(), file.type, stop};
      if (sftp_files::read_fully(session, open.handle, offset, out, failed, pacer) != out.size())
        throw too_short(file);
    } catch (const Error&) {
      // A server that serves NFS may have lost the file behind the handle: only a new one helps.
      session.forget(session.close(open.handle));
      connection->open_files.pop_front();
      throw;
    }
  } catch (Error& error) {
    error.add_context(text("storage.loading", {{"file", path_of(file)}}));
    throw explained(std::move(error));
  }
}

std::optional<std::uint64_t> SftpBackend::size(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  const auto connection = connections_.acquire(stop);
  const Answer status =
      connection->session.wait(connection->session.stat(full_path(path_of(file))));
  if (sftp_files::is_missing(status)) return std::nullopt;
  if (!status.is_ok())
    throw explained(
        sftp_files::status_error(status, text("storage.open_failed", {{"file", path_of(file)}})));
  return status.attributes.size;
}

void SftpBackend::remove(const FileHandle& file, const StopToken& stop) {
  throw_if_stopped(stop);
  check_name(file);
  refuse_if_read_only();
  const auto connection = connections_.acquire(stop);
  SftpSession& session = connection->session;
  const Answer removed = session.wait(session.remove(full_path(path_of(file))));
  // Only now: who opened it before must not keep it open.
  ++removals_;
  if (sftp_files::is_missing(removed)) return check_root_exists(*connection);
  if (!removed.is_ok())
    throw explained(sftp_files::status_error(
        removed, text("storage.remove_failed", {{"file", path_of(file)}})));
  // An index or snapshot that came back after a power cut would refer to packs that are gone; a
  // pack or lock that came back does no harm.
  if (file.type != FileType::pack && file.type != FileType::lock) sync_folder_of(*connection, file);
}

Backend::Pacing SftpBackend::keep_pace(const Paces& paces) {
  paces_ = paces;
  return Pacing::kept;
}

std::optional<Space> SftpBackend::space() {
  try {
    const auto connection = connections_.acquire(StopToken());
    SftpSession& session = connection->session;
    if (!session.knows(net::sftp::kStatvfs)) return std::nullopt;
    const Answer told = session.wait(session.statvfs(options_.path));
    if (!told.is_ok()) return std::nullopt;
    const net::sftp::FileSystem disk = net::sftp::parse_statvfs(told.extended);
    return Space{disk.free_blocks * disk.block_size, disk.blocks * disk.block_size};
  } catch (const Error&) {
    return std::nullopt;  // a figure for people; what fails shows in the calls that matter
  }
}

}  // namespace hikae
