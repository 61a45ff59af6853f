// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/stat.h>
#include <mntent.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "os/files.h"

namespace hikae::os {
namespace {

// The kernel writes blanks and backslashes of a mount point as \ and three octal digits.
std::string unescape(std::string_view field) {
  std::string result;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size()) {
      const int code = (field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0');
      result += static_cast<char>(code);
      i += 3;
    } else {
      result += field[i];
    }
  }
  return result;
}

bool stands_in_mountinfo(const std::string& real_path) {
  const Bytes table = read_file("/proc/self/mountinfo", 16U << 20U);
  std::string_view rest = as_text(table);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // The mount point is the fifth field.
    for (int i = 0; i < 4; ++i) line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
    if (unescape(line.substr(0, line.find(' '))) == real_path) return true;
  }
  return false;
}

// Both without a slash at the end.
bool is_at_or_below(const std::string& path, const std::string& above) {
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

std::string without_final_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

std::optional<std::string> find_missing_mount(const std::string& path, const std::string& table) {
  const std::unique_ptr<FILE, decltype(&endmntent)> file(setmntent(table.c_str(), "re"),
                                                         &endmntent);
  if (!file) return std::nullopt;
  std::error_code ignored;
  const std::string given = without_final_slash(path);
  const std::string real =
      without_final_slash(std::filesystem::weakly_canonical(given, ignored).string());
  std::string deepest;
  mntent entry{};
  std::array<char, 8192> buffer{};
  while (getmntent_r(file.get(), &entry, buffer.data(), static_cast<int>(buffer.size())) !=
         nullptr) {
    const std::string point = without_final_slash(entry.mnt_dir);
    const bool is_on_the_way = is_at_or_below(given, point) || is_at_or_below(real, point);
    if (point.size() > deepest.size() && point.size() > 1 && is_on_the_way) deepest = point;
  }
  if (deepest.empty() || is_mount_point(deepest)) return std::nullopt;
  return deepest;
}

bool is_mount_point(const std::string& path) {
  struct statx status {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_TYPE, &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw system_error(errno, text("os.open_failed", {{"path", path}}));
  }
  // Linux 5.8 answers at once, and does not take a btrfs subvolume for a mount as st_dev does.
  if ((status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0)
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  const std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), &free);
  if (!real) throw system_error(errno, text("os.open_failed", {{"path", path}}));
  return stands_in_mountinfo(real.get());
}

}  // namespace hikae::os
