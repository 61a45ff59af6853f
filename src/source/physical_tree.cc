// SPDX-License-Identifier: Apache-2.0
#include "source/physical_tree.h"

namespace hikae {
namespace {

using format::Node;
using format::NodeType;
using postgres::TarEntry;

bool is_at_or_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool stays_open(std::string_view path) {
  return path == "data" || path == "tablespaces" || is_at_or_below(path, "data/global") ||
         is_at_or_below(path, "data/pg_wal");
}

}  // namespace

std::vector<std::string> BackupFolders::leave_for(std::string_view folder) {
  std::vector<std::string> left;
  while (!open_.empty() && !is_at_or_below(folder, open_.back())) {
    left.push_back(std::move(open_.back()));
    open_.pop_back();
  }
  return left;
}

void BackupFolders::enter(const std::string& path) {
  if (!stays_open(path)) open_.push_back(path);
}

SplitPath split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

void BackupNodes::set_times(Node& node, std::int64_t seconds) const {
  node.mtime.seconds = seconds;
  node.mtime.offset = offsets_.at(seconds);
  node.atime = node.mtime;
  node.ctime = node.mtime;
}

Node BackupNodes::from_tar(const TarEntry& entry, std::string name) const {
  Node node;
  node.name = std::move(name);
  node.mode = format::mode_from_stat(entry.mode);
  node.uid = entry.uid;
  node.gid = entry.gid;
  node.user = entry.user;
  node.group = entry.group;
  set_times(node, entry.mtime);
  switch (entry.kind) {
    case TarEntry::Kind::file:
      node.type = NodeType::file;
      node.size = entry.size;
      node.links = 1;
      break;
    case TarEntry::Kind::folder:
      node.type = NodeType::dir;
      node.mode |= format::kModeDir;
      break;
    case TarEntry::Kind::link:
      node.type = NodeType::symlink;
      node.mode |= format::kModeSymlink;
      node.links = 1;
      node.link_target = entry.link_target;
      break;
  }
  return node;
}

void BackupNodes::set_owner(const TarEntry& entry) {
  if (!owner_) owner_ = entry;
}

void BackupNodes::own(Node& node) const {
  if (!owner_) return;
  node.uid = owner_->uid;
  node.gid = owner_->gid;
  node.user = owner_->user;
  node.group = owner_->group;
}

Node BackupNodes::folder(std::string name, std::uint32_t mode, std::int64_t seconds) const {
  Node node;
  node.name = std::move(name);
  node.type = NodeType::dir;
  node.mode = format::kModeDir | mode;
  set_times(node, seconds);
  own(node);
  return node;
}

Node BackupNodes::file(std::string name, std::int64_t seconds) const {
  Node node;
  node.name = std::move(name);
  node.type = NodeType::file;
  node.mode = 0600;
  node.links = 1;
  set_times(node, seconds);
  own(node);
  return node;
}

}  // namespace hikae
