// SPDX-License-Identifier: Apache-2.0
#include "format/node.h"

#include <sys/stat.h>

#include "support.h"

namespace hikae::format {
namespace {

TEST(Mode, FollowsGosFileMode) {
  EXPECT_EQ(mode_from_stat(S_IFREG | 0644), 0644U);
  EXPECT_EQ(mode_from_stat(S_IFDIR | 0755), 2147484141U);
  EXPECT_EQ(mode_from_stat(S_IFLNK | 0777), 134218239U);
  EXPECT_EQ(mode_from_stat(S_IFIFO | 0640), 33554848U);
  EXPECT_EQ(mode_from_stat(S_IFBLK | 0660), 67109296U);
  EXPECT_EQ(mode_from_stat(S_IFCHR | 0666), 69206454U);
  EXPECT_EQ(mode_from_stat(S_IFSOCK | 0700), kModeSocket | 0700U);
  EXPECT_EQ(mode_from_stat(S_IFDIR | S_ISVTX | 0777), 2148532735U);
  EXPECT_EQ(mode_from_stat(S_IFREG | S_ISUID | S_ISGID | 0755), (1U << 23) | (1U << 22) | 0755U);
}

TEST(Mode, AllPermissionsComeBack) {
  for (std::uint32_t permissions = 0; permissions <= 07777; ++permissions) {
    EXPECT_EQ(permissions_to_stat(mode_from_stat(S_IFREG | permissions)), permissions);
    EXPECT_EQ(permissions_to_stat(mode_from_stat(S_IFDIR | permissions)), permissions);
  }
}

TEST(NodeType, Names) {
  EXPECT_EQ(to_string(NodeType::file), "file");
  EXPECT_EQ(to_string(NodeType::dir), "dir");
  EXPECT_EQ(to_string(NodeType::symlink), "symlink");
  EXPECT_EQ(to_string(NodeType::dev), "dev");
  EXPECT_EQ(to_string(NodeType::chardev), "chardev");
  EXPECT_EQ(to_string(NodeType::fifo), "fifo");
  EXPECT_EQ(to_string(NodeType::socket), "socket");
  EXPECT_EQ(to_string(NodeType::irregular), "irregular");
}

}  // namespace
}  // namespace hikae::format
