// SPDX-License-Identifier: Apache-2.0
#include "postgres/base_backup.h"

#include <charconv>
#include <utility>

#include "base/error.h"
#include "postgres/manifest.h"

namespace hikae::postgres {
namespace {

constexpr int kFirstWithManifest = 13;
constexpr int kFirstWithOptions = 15;
constexpr int kNewestKnown = 17;

[[noreturn]] void reject(std::string_view what) {
  throw Error(ErrorCode::corrupt, text("postgres.protocol", {{"what", std::string(what)}}));
}

std::string show(Connection& connection, const std::string& name, const StopToken& stop) {
  const Result result = connection.query("SHOW " + name, stop);
  return result.rows() == 1 ? result.text(0, 0) : "";
}

std::uint64_t show_size(Connection& connection, const std::string& name, const StopToken& stop) {
  const auto size = parse_shown_size(show(connection, name, stop));
  if (!size) reject(name);
  return *size;
}

std::uint32_t parse_mode(const std::string& octal) {
  std::uint32_t mode = 0;
  const auto [end, error] = std::from_chars(octal.data(), octal.data() + octal.size(), mode, 8);
  return error == std::errc() && end == octal.data() + octal.size() ? mode & 07777U : 0700U;
}

}  // namespace

std::optional<std::uint64_t> parse_shown_size(std::string_view shown) {
  std::uint64_t value = 0;
  const char* const last = shown.data() + shown.size();
  const auto [end, error] = std::from_chars(shown.data(), last, value);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  unsigned shift = 0;
  if (unit == "kB") shift = 10;
  if (unit == "MB") shift = 20;
  if (unit == "GB") shift = 30;
  if (unit == "TB") shift = 40;
  if (shift == 0 && !unit.empty() && unit != "B") return std::nullopt;
  if (value > UINT64_MAX >> shift) return std::nullopt;
  return value << shift;
}

ReplicationFacts load_replication_facts(Connection& replication, const StopToken& stop) {
  ReplicationFacts facts;
  facts.server_version = replication.server_version();
  facts.version_words = replication.parameter("server_version");
  facts.system_identifier = replication.query("IDENTIFY_SYSTEM", stop).text(0, 0);
  facts.checksums = show(replication, "data_checksums", stop) == "on";
  // Before 14 no server tells it by itself. A role may be read-only on a primary too.
  const std::string standby = replication.parameter("in_hot_standby");
  facts.standby =
      (standby.empty() ? show(replication, "transaction_read_only", stop) : standby) == "on";
  facts.block_size = show_size(replication, "block_size", stop);
  facts.segment_size = show_size(replication, "segment_size", stop);
  facts.wal_segment_size = show_size(replication, "wal_segment_size", stop);
  facts.directory_mode = parse_mode(show(replication, "data_directory_mode", stop));
  return facts;
}

std::string base_backup_command(int server_major, const std::string& quoted_label) {
  if (server_major < kFirstWithOptions) {
    return "BASE_BACKUP LABEL " + quoted_label +
           " PROGRESS FAST WAL NOWAIT NOVERIFY_CHECKSUMS"
           " MANIFEST 'yes' MANIFEST_CHECKSUMS 'CRC32C'";
  }
  return "BASE_BACKUP ( LABEL " + quoted_label +
         ", PROGRESS true, CHECKPOINT 'fast', WAL true, WAIT false, VERIFY_CHECKSUMS false,"
         " MANIFEST 'yes', MANIFEST_CHECKSUMS 'CRC32C' )";
}

BaseBackup::BaseBackup(Connection& replication, const std::string& label, StopToken stop)
    : connection_(replication),
      stop_(std::move(stop)),
      one_copy_(replication.server_major() >= kFirstWithOptions) {
  const int major = replication.server_major();
  if (major < kFirstWithManifest || major > kNewestKnown) {
    throw Error(ErrorCode::unsupported,
                text("postgres.version_unsupported", {{"version", std::to_string(major)}}));
  }
  // Without it a busy server may recycle WAL that the backup needs before it is sent.
  connection_.query("CREATE_REPLICATION_SLOT \"hikae_" + std::to_string(connection_.backend_pid()) +
                        "\" TEMPORARY PHYSICAL RESERVE_WAL",
                    stop_);
  connection_.begin(base_backup_command(major, connection_.quote_value(label)));
  start_ = read_point();
  read_tablespaces();
}

std::uint64_t BaseBackup::expected_bytes() const {
  std::uint64_t total = 0;
  for (const BackupTablespace& tablespace : tablespaces_) total += tablespace.size;
  return total;
}

std::optional<Result> BaseBackup::take_result() {
  if (after_) return std::exchange(after_, std::nullopt);
  return connection_.next_result(stop_);
}

// A COPY that the server breaks off ends like any other, and the reason comes as the next result:
// it is asked for at once, or the archive would seem to be cut for no reason.
std::optional<CopyData> BaseBackup::read_copy() {
  std::optional<CopyData> data = connection_.read_copy(stop_);
  if (!data) after_ = connection_.next_result(stop_);
  return data;
}

BackupPoint BaseBackup::read_point() {
  const std::optional<Result> result = take_result();
  if (!result || result->kind() != Result::Kind::tuples || result->rows() != 1 ||
      result->columns() < 2) {
    reject("position");
  }
  const std::optional<Lsn> lsn = parse_lsn(result->text(0, 0));
  if (!lsn) reject("position");
  return {*lsn, static_cast<std::uint32_t>(result->number(0, 1))};
}

void BaseBackup::read_tablespaces() {
  const std::optional<Result> result = connection_.next_result(stop_);
  if (!result || result->kind() != Result::Kind::tuples || result->columns() < 3)
    reject("tablespaces");
  for (std::size_t row = 0; row < result->rows(); ++row) {
    BackupTablespace tablespace;
    if (result->value(row, 0)) {
      tablespace.oid = static_cast<std::uint32_t>(result->number(row, 0));
      tablespace.location = result->text(row, 1);
    }
    tablespace.size = static_cast<std::uint64_t>(result->number(row, 2)) << 10U;
    tablespaces_.push_back(std::move(tablespace));
  }
}

// Up to 14: the archives come in the order of the tablespaces, then the manifest.
std::optional<BaseBackup::Archive> BaseBackup::next_copy() {
  if (begun_ > tablespaces_.size()) return std::nullopt;
  const std::optional<Result> result = take_result();
  if (!result || result->kind() != Result::Kind::copy_out) reject("COPY");
  Archive archive;
  archive.is_manifest = begun_ == tablespaces_.size();
  if (!archive.is_manifest) archive.tablespace = tablespaces_[begun_];
  ++begun_;
  return archive;
}

BaseBackup::Archive BaseBackup::archive_at(const std::string& location) const {
  for (const BackupTablespace& tablespace : tablespaces_) {
    if (tablespace.location == location) return {false, tablespace};
  }
  reject("tablespace");
}

// False at the COPY's end. Afterwards held_ is a message that is no report of progress.
bool BaseBackup::read_message() {
  while (true) {
    held_ = read_copy();
    if (!held_) return false;
    if (held_->bytes().empty()) reject("empty message");
    if (held_->bytes()[0] != 'p') return true;
  }
}

std::optional<BaseBackup::Archive> BaseBackup::next_member() {
  if (!copying_) {
    const std::optional<Result> result = connection_.next_result(stop_);
    if (!result || result->kind() != Result::Kind::copy_out) reject("COPY");
    copying_ = true;
    at_header_ = read_message();
  }
  if (!at_header_) return std::nullopt;
  at_header_ = false;
  const std::string_view message = as_text(held_->bytes());
  if (message[0] == 'm') return Archive{true, {}};
  if (message[0] != 'n') reject("message");
  // The archive's name and its tablespace's location, each with a NUL behind it.
  const std::size_t name_end = message.find('\0', 1);
  const std::size_t end =
      name_end == std::string_view::npos ? name_end : message.find('\0', name_end + 1);
  if (end == std::string_view::npos) reject("archive");
  return archive_at(std::string(message.substr(name_end + 1, end - name_end - 1)));
}

std::optional<BaseBackup::Archive> BaseBackup::next_archive() {
  if (ended_) return std::nullopt;
  std::optional<Archive> archive = one_copy_ ? next_member() : next_copy();
  ended_ = !archive;
  return archive;
}

ByteView BaseBackup::next() {
  if (!one_copy_) {
    held_ = read_copy();
    return held_ ? held_->bytes() : ByteView{};
  }
  if (at_header_ || !read_message()) return {};
  const ByteView message = held_->bytes();
  if (message[0] == 'd') return message.size() > 1 ? message.subspan(1) : next();
  at_header_ = true;
  return {};
}

BackupPoint BaseBackup::finish() {
  const BackupPoint end = read_point();
  while (connection_.next_result(stop_)) {
  }
  return end;
}

}  // namespace hikae::postgres
