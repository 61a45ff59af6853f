// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <climits>

#include "support/temp_dir.h"

namespace hikae::testing {

// What two trees are compared by, item by item.
struct TreeItem {
  mode_t mode = 0;  // with the type
  uid_t uid = 0;
  gid_t gid = 0;
  std::int64_t mtime_seconds = 0;
  std::int64_t mtime_nanoseconds = 0;
  dev_t device = 0;        // of devices
  std::string content;     // of files and links
  std::string first_name;  // of a hard-linked file: the first path with its inode
  std::map<std::string, std::string> xattrs;
};

inline std::map<std::string, std::string> read_xattrs(const std::string& path) {
  std::map<std::string, std::string> result;
  std::array<char, 65536> names{};
  const ssize_t length = llistxattr(path.c_str(), names.data(), names.size());
  for (ssize_t at = 0; at < length;) {
    const std::string name = &names[static_cast<std::size_t>(at)];
    std::array<char, 65536> value{};
    const ssize_t size = lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size >= 0) result[name] = std::string(value.data(), static_cast<std::size_t>(size));
    at += static_cast<ssize_t>(name.size()) + 1;
  }
  return result;
}

inline std::string read_link(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  return length < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(length));
}

// Everything below `root`, which itself is not an item, by path ("a/b"). Links are not followed.
class TreeReader {
 public:
  static std::map<std::string, TreeItem> read(const std::string& root) {
    TreeReader reader;
    reader.add_folder(root, "");
    return std::move(reader.items_);
  }

 private:
  void add_folder(const std::string& root, const std::string& prefix) {
    const std::string folder = root + "/" + prefix;
    std::set<std::string> names;
    if (DIR* stream = opendir(folder.c_str())) {
      // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
      while (const dirent* entry = readdir(stream)) names.insert(entry->d_name);
      closedir(stream);
    }
    for (const std::string& name : names) {
      if (name != "." && name != "..") add_item(root, prefix + name);
    }
  }

  void add_item(const std::string& root, const std::string& path) {
    const std::string full = root + "/" + path;
    struct stat status {};
    if (lstat(full.c_str(), &status) != 0) return;
    TreeItem item;
    item.mode = status.st_mode;
    item.uid = status.st_uid;
    item.gid = status.st_gid;
    item.mtime_seconds = status.st_mtim.tv_sec;
    item.mtime_nanoseconds = status.st_mtim.tv_nsec;
    item.xattrs = read_xattrs(full);
    if (S_ISREG(status.st_mode)) {
      item.content = read_file(full);
      const auto inode = std::pair(status.st_dev, status.st_ino);
      if (status.st_nlink > 1) item.first_name = first_names_.emplace(inode, path).first->second;
    } else if (S_ISLNK(status.st_mode)) {
      item.content = read_link(full);
    } else if (S_ISBLK(status.st_mode) || S_ISCHR(status.st_mode)) {
      item.device = status.st_rdev;
    }
    items_.emplace(path, std::move(item));
    if (S_ISDIR(status.st_mode)) add_folder(root, path + "/");
  }

  std::map<std::pair<dev_t, ino_t>, std::string> first_names_;
  std::map<std::string, TreeItem> items_;
};

// Where two trees differ, a line each; empty when they are the same in names, types, content,
// modes, owners, times, devices, link structure and extended attributes. Sockets are left out,
// since no backup restores them.
inline std::vector<std::string> compare_trees(const std::string& expected,
                                              const std::string& actual) {
  std::vector<std::string> differences;
  const auto wanted = TreeReader::read(expected);
  auto found = TreeReader::read(actual);
  for (const auto& entry : wanted) {
    const std::string& path = entry.first;
    const TreeItem& want = entry.second;
    if (S_ISSOCK(want.mode)) continue;
    const auto place = found.find(path);
    if (place == found.end()) {
      differences.push_back(path + ": is missing");
      continue;
    }
    const TreeItem& have = place->second;
    const auto differ = [&](const std::string& what) { differences.push_back(path + ": " + what); };
    if (want.mode != have.mode) differ("mode");
    if (want.uid != have.uid || want.gid != have.gid) differ("owner");
    if (std::tie(want.mtime_seconds, want.mtime_nanoseconds) !=
        std::tie(have.mtime_seconds, have.mtime_nanoseconds)) {
      differ("mtime");
    }
    if (want.content != have.content) differ("content");
    if (want.device != have.device) differ("device");
    if (want.first_name != have.first_name) differ("hard link");
    if (want.xattrs != have.xattrs) differ("xattrs");
    found.erase(place);
  }
  for (const auto& [path, item] : found) differences.push_back(path + ": is extra");
  return differences;
}

}  // namespace hikae::testing
