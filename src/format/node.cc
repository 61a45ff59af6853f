// SPDX-License-Identifier: Apache-2.0
#include "format/node.h"

#include <array>

namespace hikae::format {
namespace {

// st_mode as Linux defines it; spelled here so that decoding needs no system header.
constexpr std::uint32_t kStatType = 0170000;
constexpr std::uint32_t kStatPermissions = 0777;

struct BitPair {
  std::uint32_t stat;
  std::uint32_t mode;
};
constexpr std::array<BitPair, 6> kTypes = {{
    {0040000, kModeDir},
    {0120000, kModeSymlink},
    {0060000, kModeDevice},
    {0020000, kModeDevice | kModeCharDevice},
    {0010000, kModeFifo},
    {0140000, kModeSocket},
}};
constexpr std::array<BitPair, 3> kSpecial = {{
    {04000, kModeSetuid},
    {02000, kModeSetgid},
    {01000, kModeSticky},
}};

}  // namespace

std::string_view to_string(NodeType type) {
  constexpr std::array<std::string_view, 8> kNames = {
      "file", "dir", "symlink", "dev", "chardev", "fifo", "socket", "irregular"};
  return kNames[static_cast<std::size_t>(type)];
}

std::uint32_t mode_from_stat(std::uint32_t st_mode) {
  std::uint32_t mode = st_mode & kStatPermissions;
  for (const BitPair& type : kTypes) {
    if ((st_mode & kStatType) == type.stat) mode |= type.mode;
  }
  for (const BitPair& bit : kSpecial) {
    if ((st_mode & bit.stat) != 0) mode |= bit.mode;
  }
  return mode;
}

std::uint32_t permissions_to_stat(std::uint32_t mode) {
  std::uint32_t st_mode = mode & kStatPermissions;
  for (const BitPair& bit : kSpecial) {
    if ((mode & bit.mode) != 0) st_mode |= bit.stat;
  }
  return st_mode;
}

}  // namespace hikae::format
