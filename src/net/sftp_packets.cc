// SPDX-License-Identifier: Apache-2.0
#include "net/sftp_packets.h"

#include "base/error.h"

namespace hikae::net::sftp {
namespace {

enum class Type : std::uint8_t {
  init = 1,
  version = 2,
  open = 3,
  close = 4,
  read = 5,
  write = 6,
  fstat = 8,
  fsetstat = 10,
  opendir = 11,
  readdir = 12,
  remove = 13,
  mkdir = 14,
  stat = 17,
  rename = 18,
  status = 101,
  handle = 102,
  data = 103,
  names = 104,
  attributes = 105,
  extended = 200,
  extended_reply = 201,
};

// Which fields of attributes are present.
constexpr std::uint32_t kHasSize = 0x1;
constexpr std::uint32_t kHasOwner = 0x2;
constexpr std::uint32_t kHasPermissions = 0x4;
constexpr std::uint32_t kHasTimes = 0x8;
constexpr std::uint32_t kHasExtended = 0x80000000;

constexpr std::uint32_t kTypeMask = 0170000;
constexpr std::uint32_t kRegular = 0100000;
constexpr std::uint32_t kFolder = 0040000;

constexpr std::uint64_t kMountedReadOnly = 0x1;

constexpr std::size_t kLengthSize = 4;

class Writer {
 public:
  explicit Writer(Type type) {
    packet_.reserve(64);
    number32(0);
    packet_.push_back(static_cast<std::uint8_t>(type));
  }
  Writer(Type type, std::uint32_t id) : Writer(type) { number32(id); }

  Writer& number32(std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
      packet_.push_back(static_cast<std::uint8_t>(value >> static_cast<unsigned>(shift)));
    return *this;
  }
  Writer& number64(std::uint64_t value) {
    number32(static_cast<std::uint32_t>(value >> 32U));
    return number32(static_cast<std::uint32_t>(value));
  }
  Writer& string(std::string_view value) {
    number32(static_cast<std::uint32_t>(value.size()));
    append(packet_, as_bytes(value));
    return *this;
  }
  Writer& attributes(const Attributes& value) {
    number32((value.size ? kHasSize : 0) | (value.permissions ? kHasPermissions : 0) |
             (value.modified ? kHasTimes : 0));
    if (value.size) number64(*value.size);
    if (value.permissions) number32(*value.permissions);
    // The time of the last access goes with that of the last change.
    if (value.modified) number32(*value.modified).number32(*value.modified);
    return *this;
  }
  // `following` bytes of the packet are sent by the caller.
  Bytes finish(std::uint32_t following = 0) {
    const auto length = static_cast<std::uint32_t>(packet_.size() - kLengthSize) + following;
    for (unsigned i = 0; i < kLengthSize; ++i)
      packet_[i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
    return std::move(packet_);
  }

 private:
  Bytes packet_;
};

[[noreturn]] void malformed() {
  throw Error(ErrorCode::corrupt, text("net.sftp_malformed"));
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  std::uint8_t byte() { return take(1)[0]; }
  std::uint32_t number32() {
    std::uint32_t value = 0;
    for (const std::uint8_t byte : take(4)) value = value << 8U | byte;
    return value;
  }
  std::uint64_t number64() {
    const std::uint64_t high = number32();
    return high << 32U | number32();
  }
  ByteView bytes() { return take(number32()); }
  std::string string() { return std::string(as_text(bytes())); }
  ByteView rest() { return take(rest_.size()); }

  Attributes attributes() {
    Attributes result;
    const std::uint32_t present = number32();
    if ((present & kHasSize) != 0) result.size = number64();
    if ((present & kHasOwner) != 0) number64();
    if ((present & kHasPermissions) != 0) result.permissions = number32();
    if ((present & kHasTimes) != 0) {
      number32();
      result.modified = number32();
    }
    if ((present & kHasExtended) != 0) {
      for (std::uint32_t count = number32(); count > 0; --count) {
        bytes();
        bytes();
      }
    }
    return result;
  }

 private:
  ByteView take(std::size_t size) {
    if (size > rest_.size()) malformed();
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  ByteView rest_;
};

Reader body_of(ByteView packet) {
  const auto size = packet_size(packet);
  if (!size || *size != packet.size()) malformed();
  return Reader(packet.subspan(kLengthSize));
}

Bytes with_path(Type type, std::uint32_t id, std::string_view path) {
  return Writer(type, id).string(path).finish();
}

Bytes extended(std::uint32_t id, std::string_view name, std::string_view argument) {
  return Writer(Type::extended, id).string(name).string(argument).finish();
}

std::vector<Entry> read_names(Reader& reader) {
  std::vector<Entry> names;
  for (std::uint32_t count = reader.number32(); count > 0; --count) {
    Entry entry;
    entry.name = reader.string();
    reader.bytes();  // a line as of "ls -l", for people
    entry.attributes = reader.attributes();
    names.push_back(std::move(entry));
  }
  return names;
}

void read_status(Reader& reader, Answer& answer) {
  answer.status = static_cast<StatusCode>(reader.number32());
  // Servers of older versions end here.
  if (!reader.at_end()) answer.message = reader.string();
}

}  // namespace

bool is_regular_file(const Attributes& attributes) {
  return attributes.permissions && (*attributes.permissions & kTypeMask) == kRegular;
}

bool is_folder(const Attributes& attributes) {
  return attributes.permissions && (*attributes.permissions & kTypeMask) == kFolder;
}

Bytes encode_init() {
  return Writer(Type::init).number32(kProtocolVersion).finish();
}

Bytes encode_open(std::uint32_t id,
                  std::string_view path,
                  OpenFlags flags,
                  const Attributes& attributes) {
  return Writer(Type::open, id)
      .string(path)
      .number32(static_cast<std::uint32_t>(flags))
      .attributes(attributes)
      .finish();
}

Bytes encode_close(std::uint32_t id, std::string_view handle) {
  return with_path(Type::close, id, handle);
}

Bytes encode_read(std::uint32_t id,
                  std::string_view handle,
                  std::uint64_t offset,
                  std::uint32_t size) {
  return Writer(Type::read, id).string(handle).number64(offset).number32(size).finish();
}

Bytes encode_write_head(std::uint32_t id,
                        std::string_view handle,
                        std::uint64_t offset,
                        std::uint32_t size) {
  return Writer(Type::write, id).string(handle).number64(offset).number32(size).finish(size);
}

Bytes encode_stat(std::uint32_t id, std::string_view path) {
  return with_path(Type::stat, id, path);
}

Bytes encode_fstat(std::uint32_t id, std::string_view handle) {
  return with_path(Type::fstat, id, handle);
}

Bytes encode_fsetstat(std::uint32_t id, std::string_view handle, const Attributes& attributes) {
  return Writer(Type::fsetstat, id).string(handle).attributes(attributes).finish();
}

Bytes encode_opendir(std::uint32_t id, std::string_view path) {
  return with_path(Type::opendir, id, path);
}

Bytes encode_readdir(std::uint32_t id, std::string_view handle) {
  return with_path(Type::readdir, id, handle);
}

Bytes encode_remove(std::uint32_t id, std::string_view path) {
  return with_path(Type::remove, id, path);
}

Bytes encode_mkdir(std::uint32_t id, std::string_view path, const Attributes& attributes) {
  return Writer(Type::mkdir, id).string(path).attributes(attributes).finish();
}

Bytes encode_rename(std::uint32_t id, std::string_view from, std::string_view to) {
  return Writer(Type::rename, id).string(from).string(to).finish();
}

Bytes encode_posix_rename(std::uint32_t id, std::string_view from, std::string_view to) {
  return Writer(Type::extended, id).string(kPosixRename).string(from).string(to).finish();
}

Bytes encode_fsync(std::uint32_t id, std::string_view handle) {
  return extended(id, kFsync, handle);
}

Bytes encode_statvfs(std::uint32_t id, std::string_view path) {
  return extended(id, kStatvfs, path);
}

Bytes encode_limits(std::uint32_t id) {
  return Writer(Type::extended, id).string(kLimits).finish();
}

std::optional<std::size_t> packet_size(ByteView received) {
  if (received.size() < kLengthSize) return std::nullopt;
  const std::size_t length = Reader(received).number32();
  if (length == 0 || length > kLongestAnswer) malformed();
  return kLengthSize + length;
}

Version parse_version(ByteView packet) {
  Reader reader = body_of(packet);
  if (reader.byte() != static_cast<std::uint8_t>(Type::version)) malformed();
  Version version;
  version.number = reader.number32();
  while (!reader.at_end()) {
    std::string name = reader.string();
    version.extensions.emplace(std::move(name), reader.string());
  }
  return version;
}

Answer parse_answer(ByteView packet) {
  Reader reader = body_of(packet);
  const auto type = static_cast<Type>(reader.byte());
  Answer answer;
  answer.id = reader.number32();
  switch (type) {
    case Type::status:
      read_status(reader, answer);
      break;
    case Type::handle:
      answer.kind = Answer::Kind::handle;
      answer.handle = reader.string();
      break;
    case Type::data:
      answer.kind = Answer::Kind::data;
      answer.data = reader.bytes();
      break;
    case Type::names:
      answer.kind = Answer::Kind::names;
      answer.names = read_names(reader);
      break;
    case Type::attributes:
      answer.kind = Answer::Kind::attributes;
      answer.attributes = reader.attributes();
      break;
    case Type::extended_reply:
      answer.kind = Answer::Kind::extended;
      answer.data = reader.rest();
      break;
    default:
      malformed();
  }
  return answer;
}

FileSystem parse_statvfs(ByteView data) {
  Reader reader(data);
  FileSystem result;
  reader.number64();  // f_bsize: for transfers, not what blocks are counted in
  result.block_size = reader.number64();
  result.blocks = reader.number64();
  reader.number64();  // f_bfree: with what only root may use
  result.free_blocks = reader.number64();
  result.files = reader.number64();
  reader.number64();  // f_ffree
  result.free_files = reader.number64();
  reader.number64();  // f_fsid
  result.read_only = (reader.number64() & kMountedReadOnly) != 0;
  return result;
}

Limits parse_limits(ByteView data) {
  Reader reader(data);
  Limits result;
  result.packet_bytes = reader.number64();
  result.read_bytes = reader.number64();
  result.write_bytes = reader.number64();
  result.open_handles = reader.number64();
  return result;
}

}  // namespace hikae::net::sftp
