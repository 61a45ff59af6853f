// SPDX-License-Identifier: Apache-2.0
#include "source/folder_names.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace hikae {

// Not readdir(3): it says "end" where the kernel says that the folder was removed.
FolderNames::FolderNames(int folder, const std::string& path) {
  std::vector<std::size_t> starts;
  alignas(dirent64) std::array<char, 32768> buffer;
  for (;;) {
    const long size = syscall(SYS_getdents64, folder, buffer.data(), buffer.size());
    if (size < 0) throw system_error(errno, text("source.folder_read_failed", {{"path", path}}));
    if (size == 0) break;
    append({buffer.data(), static_cast<std::size_t>(size)}, starts);
  }
  names_.reserve(starts.size());
  for (const std::size_t start : starts) names_.emplace_back(bytes_.data() + start);
  std::sort(names_.begin(), names_.end());
  // Some network file systems repeat names while a folder changes; a tree must not.
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
}

void FolderNames::append(std::string_view records, std::vector<std::size_t>& starts) {
  while (!records.empty()) {
    unsigned short length = 0;
    std::memcpy(&length, records.data() + offsetof(dirent64, d_reclen), sizeof length);
    const char* name = records.data() + offsetof(dirent64, d_name);
    records.remove_prefix(length);
    if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
    starts.push_back(bytes_.size());
    bytes_.insert(bytes_.end(), name, name + std::strlen(name) + 1);
  }
}

}  // namespace hikae
