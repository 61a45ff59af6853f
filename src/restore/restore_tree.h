// SPDX-License-Identifier: Apache-2.0
// The selected part of a snapshot in compact form: about 110 bytes and the name per file, since a
// snapshot may hold millions. Items name their folder by its number; a folder's number is greater
// than its parent's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "format/node.h"
#include "os/xattr.h"

namespace hikae::restore {

inline constexpr std::uint32_t kNone = UINT32_MAX;

// Keeps many short strings without a header for each. Not thread-safe.
class TextStore {
 public:
  // A copy that lives as long as the store and is followed by a NUL.
  std::string_view keep(std::string_view text);

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t used_ = 0;
  std::size_t size_ = 0;
};

struct Times {
  std::int64_t mtime_seconds = 0;
  std::int64_t atime_seconds = 0;
  std::uint32_t mtime_nanoseconds = 0;
  std::uint32_t atime_nanoseconds = 0;
};

// What is set once an item exists.
struct Attributes {
  Times times;
  std::uint32_t mode = 0;  // 07777 as chmod takes it
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t user = kNone;      // position in RestoreTree::owner_names
  std::uint32_t group = kNone;     // the same
  std::uint32_t extended = kNone;  // position in RestoreTree::extended
};

struct FolderItem {
  // What stands at its place in the target; absent until that is known.
  enum class State : std::uint8_t { absent, made, existed, failed };

  std::string_view name;
  std::uint32_t parent = kNone;  // kNone: the target itself
  Attributes attributes;
  State state = State::absent;
  bool selected = false;
  bool needed = false;    // it is selected, or something below it is
  bool complete = false;  // all of its entries in the snapshot are known
  bool is_twin = false;   // restore/name_twins.h
  std::string entries;  // names of all of them, selected or not, each with a NUL; for --delete only
};

struct FileItem {
  enum class State : std::uint8_t {
    create,    // nothing is there
    replace,   // what is there goes first
    update,    // only differing blobs are written
    metadata,  // the content is right already
    keep,      // left alone
    link,      // another name of the file `leader`
    failed,    // reported; nothing more is done to it
  };

  std::string_view name;
  std::uint32_t folder = 0;
  std::uint32_t content_begin = 0;  // position in RestoreTree::content
  std::uint32_t content_count = 0;
  std::uint32_t leader = kNone;
  std::uint64_t size = 0;
  Attributes attributes;
  State state = State::create;
  bool is_twin = false;

  bool is_written() const {
    return state == State::create || state == State::replace || state == State::update;
  }
};

// A symbolic link, device or fifo.
struct OtherItem {
  std::string_view name;
  std::uint32_t folder = 0;
  format::NodeType type = format::NodeType::symlink;
  std::string_view link_target;
  std::uint64_t device = 0;
  Attributes attributes;
  bool is_twin = false;
};

struct RestoreTree {
  std::vector<FolderItem> folders;  // [0] is the target
  std::vector<FileItem> files;
  std::vector<OtherItem> others;
  std::vector<BlobId> content;  // of all files, one after another
  // For each element of `content`, 1 when the target holds it already; empty when it holds nothing.
  std::vector<std::uint8_t> have;
  std::vector<std::vector<os::Xattr>> extended;
  std::vector<std::string> owner_names;
  TextStore texts;

  bool has(std::uint32_t content_position) const {
    return !have.empty() && have[content_position] != 0;
  }
  // "/etc/passwd", below the target, for people and for patterns.
  std::string path_of(std::uint32_t folder, std::string_view name = {}) const;
  std::string path_of(const FileItem& file) const { return path_of(file.folder, file.name); }
};

}  // namespace hikae::restore
