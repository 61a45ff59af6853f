// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
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

}  // namespace

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
