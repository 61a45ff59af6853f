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
#include "format/time.h"

namespace hikae::format {

enum class NodeType : std::uint8_t { file, dir, symlink, dev, chardev, fifo, socket, irregular };

std::string_view to_string(NodeType type);

// Go's os.FileMode bits, which the format uses instead of st_mode.
inline constexpr std::uint32_t kModeDir = 1U << 31;
inline constexpr std::uint32_t kModeSymlink = 1U << 27;
inline constexpr std::uint32_t kModeDevice = 1U << 26;
inline constexpr std::uint32_t kModeFifo = 1U << 25;
inline constexpr std::uint32_t kModeSocket = 1U << 24;
inline constexpr std::uint32_t kModeSetuid = 1U << 23;
inline constexpr std::uint32_t kModeSetgid = 1U << 22;
inline constexpr std::uint32_t kModeCharDevice = 1U << 21;
inline constexpr std::uint32_t kModeSticky = 1U << 20;
inline constexpr std::uint32_t kModeIrregular = 1U << 19;

// Between st_mode and the format's mode; the type bits travel too.
std::uint32_t mode_from_stat(std::uint32_t st_mode);
std::uint32_t permissions_to_stat(std::uint32_t mode);  // 07777 bits only

struct ExtendedAttribute {
  std::string name;
  Bytes value;
  bool operator==(const ExtendedAttribute&) const = default;
};

// One entry of a directory. Names and link targets are raw bytes here; the codec quotes them.
struct Node {
  std::string name;
  NodeType type = NodeType::file;
  std::uint32_t mode = 0;
  Timestamp mtime;
  Timestamp atime;
  Timestamp ctime;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;
  std::string group;
  std::uint64_t inode = 0;
  std::uint64_t device_id = 0;
  std::uint64_t size = 0;   // files only
  std::uint64_t links = 0;  // file, symlink, dev, chardev
  std::string link_target;
  std::vector<ExtendedAttribute> extended_attributes;  // in the order that the kernel lists them
  std::string generic_attributes;  // raw JSON object, kept verbatim; empty if absent
  std::uint64_t device = 0;        // st_rdev of dev and chardev
  std::vector<BlobId> content;     // files only
  std::optional<BlobId> subtree;   // dirs only
  std::string error;

  bool operator==(const Node&) const = default;
};

// Writes a tree blob: {"nodes":[…]}\n with exactly restic's bytes (newest form: linktarget_raw,
// Go 1.22 escapes, Unicode 15 IsPrint). REQUIRES: nodes are added in ascending order of their raw
// names, without duplicates; else throws Error{invalid_argument}. Not thread-safe.
class TreeEncoder {
 public:
  TreeEncoder();
  void add(const Node& node);
  // Ends the tree; the encoder then starts a new one.
  std::string finish();
  // Bytes written so far.
  std::size_t size() const { return out_.size(); }

 private:
  std::string out_;
  std::string last_name_;
  bool empty_ = true;
};

// A tree's nodes in stored order. Throws Error{corrupt} for bad JSON, an unknown type, a name that
// is empty, ".",
// ".." or holds "/" or NUL, names out of order or repeated, a dir without subtree. The name rules
// make it safe to use a name as one path component.
std::vector<Node> decode_tree(ByteView json);
// The same node by node; `visit` returns false to stop early.
void decode_tree(ByteView json, const std::function<bool(Node&&)>& visit);

// Go's strconv.Quote without the outer quotes, and its inverse (nullopt for an invalid escape).
std::string quote_name(std::string_view raw);
std::optional<std::string> unquote_name(std::string_view quoted);

}  // namespace hikae::format
