// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

// Packets of the SSH File Transfer Protocol, version 3, as draft-ietf-secsh-filexfer-02 has it,
// with the extensions that OpenSSH describes in its file PROTOCOL, section 4. Pure: bytes in, bytes
// out.
//
// A packet is a length (4 bytes, of what follows), a type (1 byte) and its fields; integers are big
// endian, a string is its length (4 bytes) and its bytes.
namespace hikae::net::sftp {

inline constexpr std::uint32_t kProtocolVersion = 3;
// Longest answer that is believed; OpenSSH sends at most 256 KiB.
inline constexpr std::size_t kLongestAnswer = std::size_t{1} << 20U;

// Names of the extensions that are used here.
inline constexpr std::string_view kPosixRename = "posix-rename@openssh.com";
inline constexpr std::string_view kFsync = "fsync@openssh.com";
inline constexpr std::string_view kStatvfs = "statvfs@openssh.com";
inline constexpr std::string_view kLimits = "limits@openssh.com";

// What SSH_FXP_STATUS says. Up to 8 they are version 3's own; some servers use later ones too.
enum class StatusCode : std::uint32_t {
  ok = 0,
  end_of_file = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  bad_message = 5,
  no_connection = 6,
  connection_lost = 7,
  unsupported = 8,
  no_such_path = 10,
  file_already_exists = 11,
  write_protect = 12,
  no_space = 14,
  quota_exceeded = 15,
};

// What is known of a file. Encoded with exactly the fields that are present.
struct Attributes {
  std::optional<std::uint64_t> size;
  std::optional<std::uint32_t> permissions;  // type and mode, as st_mode has them
  std::optional<std::uint32_t> modified;     // seconds since 1970
  bool operator==(const Attributes&) const = default;
};
bool is_regular_file(const Attributes& attributes);
bool is_folder(const Attributes& attributes);

enum class OpenFlags : std::uint32_t {
  read = 0x01,
  create_new = 0x02 | 0x08 | 0x20,  // write, create, fail if it exists
};

// Requests. Each returns a whole packet.
Bytes encode_init();
Bytes encode_open(std::uint32_t id,
                  std::string_view path,
                  OpenFlags flags,
                  const Attributes& attributes);
Bytes encode_close(std::uint32_t id, std::string_view handle);
Bytes encode_read(std::uint32_t id,
                  std::string_view handle,
                  std::uint64_t offset,
                  std::uint32_t size);
// The packet without its last `size` bytes, the data.
Bytes encode_write_head(std::uint32_t id,
                        std::string_view handle,
                        std::uint64_t offset,
                        std::uint32_t size);
Bytes encode_stat(std::uint32_t id, std::string_view path);
Bytes encode_fstat(std::uint32_t id, std::string_view handle);
Bytes encode_fsetstat(std::uint32_t id, std::string_view handle, const Attributes& attributes);
Bytes encode_opendir(std::uint32_t id, std::string_view path);
Bytes encode_readdir(std::uint32_t id, std::string_view handle);
Bytes encode_remove(std::uint32_t id, std::string_view path);
Bytes encode_mkdir(std::uint32_t id, std::string_view path, const Attributes& attributes);
Bytes encode_rename(std::uint32_t id, std::string_view from, std::string_view to);
Bytes encode_posix_rename(std::uint32_t id, std::string_view from, std::string_view to);
Bytes encode_fsync(std::uint32_t id, std::string_view handle);
Bytes encode_statvfs(std::uint32_t id, std::string_view path);
Bytes encode_limits(std::uint32_t id);

struct Entry {
  std::string name;
  Attributes attributes;
};

// What answers a request; which fields mean something follows from the kind.
struct Answer {
  enum class Kind { status, handle, data, names, attributes, extended } kind = Kind::status;
  std::uint32_t id = 0;
  StatusCode status = StatusCode::ok;
  std::string message;       // status: the server's words, often only "Failure"
  std::string handle;        // handle
  ByteView data;             // data and extended: a part of the packet that was parsed
  std::vector<Entry> names;  // names
  Attributes attributes;     // attributes
};

struct Version {
  std::uint32_t number = 0;
  std::map<std::string, std::string, std::less<>> extensions;  // name and version
};

// statvfs@openssh.com's answer, as far as it is used.
struct FileSystem {
  std::uint64_t block_size = 0;  // bytes; what the next two count
  std::uint64_t blocks = 0;
  std::uint64_t free_blocks = 0;  // for ordinary users
  std::uint64_t files = 0;        // 0: the file system does not count them
  std::uint64_t free_files = 0;
  bool read_only = false;
};

// limits@openssh.com's answer. 0: the server names no limit.
struct Limits {
  std::uint64_t packet_bytes = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t write_bytes = 0;
  std::uint64_t open_handles = 0;
};

// The length of the packet that `received` begins with, its 4 bytes of length included; nullopt
// while these are not complete. Throws Error{corrupt} for a packet that is empty or longer than
// kLongestAnswer.
std::optional<std::size_t> packet_size(ByteView received);

// These take one whole packet, or an answer's `data`, and throw Error{corrupt} for what is
// malformed. Bytes after the last known field are allowed, as the protocol has it for extensions.
Version parse_version(ByteView packet);
Answer parse_answer(ByteView packet);
FileSystem parse_statvfs(ByteView data);
Limits parse_limits(ByteView data);

}  // namespace hikae::net::sftp
