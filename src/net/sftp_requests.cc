// SPDX-License-Identifier: Apache-2.0
// The requests of sftp_session.h: each is encoded, and put in line for its kind of answer.
#include <algorithm>

#include "net/sftp_session.h"

namespace hikae::net {

using sftp::Attributes;
using Kind = sftp::Answer::Kind;

SftpSession::Id SftpSession::open(std::string_view path,
                                  sftp::OpenFlags flags,
                                  const Attributes& attributes) {
  return send(Kind::handle, sftp::encode_open(++last_id_, path, flags, attributes));
}
SftpSession::Id SftpSession::close(std::string_view handle) {
  return send(Kind::status, sftp::encode_close(++last_id_, handle));
}
SftpSession::Id SftpSession::read(std::string_view handle,
                                  std::uint64_t offset,
                                  MutableByteView out) {
  const auto size = static_cast<std::uint32_t>(std::min(out.size(), read_bytes_));
  return send(Kind::data, sftp::encode_read(++last_id_, handle, offset, size), out.first(size));
}
SftpSession::Id SftpSession::write(std::string_view handle,
                                   std::uint64_t offset,
                                   std::vector<ByteView> pieces) {
  std::size_t size = 0;
  for (const ByteView piece : pieces) size += piece.size();
  return send(Kind::status,
              sftp::encode_write_head(++last_id_, handle, offset, static_cast<std::uint32_t>(size)),
              {},
              std::move(pieces));
}
SftpSession::Id SftpSession::stat(std::string_view path) {
  return send(Kind::attributes, sftp::encode_stat(++last_id_, path));
}
SftpSession::Id SftpSession::fstat(std::string_view handle) {
  return send(Kind::attributes, sftp::encode_fstat(++last_id_, handle));
}
SftpSession::Id SftpSession::fsetstat(std::string_view handle, const Attributes& attributes) {
  return send(Kind::status, sftp::encode_fsetstat(++last_id_, handle, attributes));
}
SftpSession::Id SftpSession::opendir(std::string_view path) {
  return send(Kind::handle, sftp::encode_opendir(++last_id_, path));
}
SftpSession::Id SftpSession::readdir(std::string_view handle) {
  return send(Kind::names, sftp::encode_readdir(++last_id_, handle));
}
SftpSession::Id SftpSession::remove(std::string_view path) {
  return send(Kind::status, sftp::encode_remove(++last_id_, path));
}
SftpSession::Id SftpSession::mkdir(std::string_view path, const Attributes& attributes) {
  return send(Kind::status, sftp::encode_mkdir(++last_id_, path, attributes));
}
SftpSession::Id SftpSession::rename(std::string_view from, std::string_view to) {
  return send(Kind::status, sftp::encode_rename(++last_id_, from, to));
}
SftpSession::Id SftpSession::posix_rename(std::string_view from, std::string_view to) {
  return send(Kind::status, sftp::encode_posix_rename(++last_id_, from, to));
}
SftpSession::Id SftpSession::fsync(std::string_view handle) {
  return send(Kind::status, sftp::encode_fsync(++last_id_, handle));
}
SftpSession::Id SftpSession::statvfs(std::string_view path) {
  return send(Kind::extended, sftp::encode_statvfs(++last_id_, path));
}

}  // namespace hikae::net
