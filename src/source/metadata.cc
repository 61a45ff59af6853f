// SPDX-License-Identifier: Apache-2.0
#include "source/metadata.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "os/fd.h"

namespace hikae {
namespace {

std::string reason(int error_number) {
  return std::generic_category().message(error_number);
}

void report(ItemErrorSink& errors, const std::string& path, Text message) {
  errors.report({ItemError::Kind::metadata, path, std::move(message)});
}

bool means_no_attributes(int error_number) {
  // On SMB mounts listing may fail with ENODATA where nothing is supported.
  return error_number == ENOTSUP || error_number == ENODATA;
}

// Calls `fill(buffer, size)` with more room until the answer fits; false and errno otherwise.
template <typename Fill>
bool read_whole(Bytes& out, Fill fill) {
  constexpr std::size_t kUsualSize = 256;
  out.resize(kUsualSize);
  for (;;) {
    const ssize_t size = fill(out.data(), out.size());
    if (size >= 0) {
      out.resize(static_cast<std::size_t>(size));
      return true;
    }
    if (errno != ERANGE) return false;
    const ssize_t needed = fill(nullptr, 0);
    if (needed < 0) return false;
    // Never zero: that would ask for the size only.
    out.resize(static_cast<std::size_t>(needed) + kUsualSize);
  }
}

// Most entries have no attribute, and listing by the plain path is by far the cheapest question.
// Somebody who swaps a folder above for a link can only hide the attributes of his own file by it.
bool certainly_has_no_attributes(const EntryPlace& place) {
  const ssize_t size = llistxattr(place.path.c_str(), nullptr, 0);
  return size == 0 || (size < 0 && means_no_attributes(errno));
}

// Calls `failed(text)` for what cannot be read.
template <typename Failed>
void read_attributes(format::Node& node,
                     const std::string& path,
                     ListingErrors listing,
                     Failed failed) {
  Bytes names;
  if (!read_whole(names, [&](std::uint8_t* out, std::size_t size) {
        return llistxattr(path.c_str(), reinterpret_cast<char*>(out), size);
      })) {
    const bool forbidden = errno == EACCES || errno == EPERM;
    if (!means_no_attributes(errno) && !(forbidden && listing == ListingErrors::ignore))
      failed(text("source.xattrs_unreadable", {{"reason", reason(errno)}}));
    return;
  }
  std::string_view rest = as_text(names);
  while (!rest.empty()) {
    std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    Bytes value;
    if (read_whole(value, [&](std::uint8_t* out, std::size_t size) {
          return lgetxattr(path.c_str(), name.c_str(), out, size);
        })) {
      node.extended_attributes.push_back({std::move(name), std::move(value)});
    } else if (!means_no_attributes(errno)) {
      failed(text("source.xattr_unreadable", {{"name", name}, {"reason", reason(errno)}}));
    }
  }
}

}  // namespace

std::optional<format::NodeType> MetadataReader::type_of(const struct stat& status) {
  using format::NodeType;
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return NodeType::file;
    case S_IFDIR:
      return NodeType::dir;
    case S_IFLNK:
      return NodeType::symlink;
    case S_IFBLK:
      return NodeType::dev;
    case S_IFCHR:
      return NodeType::chardev;
    case S_IFIFO:
      return NodeType::fifo;
    default:
      return std::nullopt;
  }
}

format::Timestamp MetadataReader::timestamp(const struct timespec& time) const {
  return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec), facts_.offsets.at(time.tv_sec)};
}

format::Node MetadataReader::from_stat(std::string_view name, const struct stat& status) {
  using format::NodeType;
  format::Node node;
  node.name = name;
  node.type = *type_of(status);
  node.mode = format::mode_from_stat(status.st_mode);
  node.mtime = timestamp(status.st_mtim);
  node.ctime = timestamp(status.st_ctim);
  node.atime = facts_.access_times == AccessTimes::store ? timestamp(status.st_atim) : node.mtime;
  node.uid = status.st_uid;
  node.gid = status.st_gid;
  if (!last_user_ || last_user_->first != status.st_uid)
    last_user_.emplace(status.st_uid, facts_.accounts.user_name(status.st_uid));
  if (!last_group_ || last_group_->first != status.st_gid)
    last_group_.emplace(status.st_gid, facts_.accounts.group_name(status.st_gid));
  node.user = last_user_->second;
  node.group = last_group_->second;
  node.inode = status.st_ino;
  node.device_id = status.st_dev;
  if (node.type == NodeType::file) node.size = static_cast<std::uint64_t>(status.st_size);
  if (node.type != NodeType::dir && node.type != NodeType::fifo) node.links = status.st_nlink;
  if (node.type == NodeType::dev || node.type == NodeType::chardev) node.device = status.st_rdev;
  return node;
}

// A target has no limit that all file systems keep, so the buffer grows until it is not full.
void MetadataReader::read_link(format::Node& node, const EntryPlace& place) {
  std::array<char, 256> small{};
  ssize_t size = readlinkat(place.folder, place.name.data(), small.data(), small.size());
  if (size < 0) return;
  if (static_cast<std::size_t>(size) < small.size()) {
    node.link_target.assign(small.data(), static_cast<std::size_t>(size));
    return;
  }
  std::string target(4096, '\0');
  for (;;) {
    size = readlinkat(place.folder, place.name.data(), target.data(), target.size());
    if (size < 0) return;
    if (static_cast<std::size_t>(size) < target.size()) break;
    target.resize(target.size() * 2);
  }
  target.resize(static_cast<std::size_t>(size));
  node.link_target = std::move(target);
}

void MetadataReader::complete(format::Node& node,
                              const EntryPlace& place,
                              ItemErrorSink& errors,
                              ListingErrors listing) {
  if (node.type == format::NodeType::symlink) {
    errno = 0;
    read_link(node, place);
    if (node.link_target.empty() && errno != 0) {
      report(errors, place.path, text("source.link_unreadable", {{"reason", reason(errno)}}));
      return;
    }
  }
  if (certainly_has_no_attributes(place)) return;
  const std::string safe_path =
      place.folder == AT_FDCWD ? place.path : os::path_at(place.folder, place.name);
  read_attributes(node, safe_path, listing, [&](Text message) {
    report(errors, place.path, std::move(message));
  });
}

}  // namespace hikae
