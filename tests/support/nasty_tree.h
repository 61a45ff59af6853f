// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>

#include "support/temp_dir.h"

namespace hikae::testing {

inline std::string random_text(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(random());
  return content;
}

inline void set_times(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  if (utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    throw std::runtime_error("utimensat");
}

// What file systems hold and naive backups lose. Devices need root and are left out without it.
// Names with code points newer than Unicode 13 are not here: restic 0.14 writes them in another
// form than newer versions.
inline void make_nasty_tree(const std::string& root) {
  namespace fs = std::filesystem;
  fs::create_directories(root + "/deep/er/and deeper");
  write_file(root + "/plain", "hello");
  write_file(root + "/quotes \"double\" 'single' \\back", "q");
  write_file(root + "/<angle> & ampersand", "a");
  write_file(root + "/control \x01\x02\x1f\x7f\t\n\r\v\b\f\a end", "c");
  write_file(root + "/invalid \xff\xfe utf-8 \xc3", "i");
  write_file(root + "/\xe3\x83\x90\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xa2\xe3\x83\x83\xe3\x83\x97 NFC",
             "nfc");
  write_file(root +
                 "/\xe3\x83\x8f\xe3\x82\x99\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xa2\xe3\x83\x83\xe3\x83"
                 "\x95\xe3\x82\x9a NFD",
             "nfd");
  write_file(root + "/space\xc2\xa0no-break \xe2\x80\x8bzero \xe2\x80\xa8line \xc2\xadsoft", "s");
  write_file(root + "/emoji \xf0\x9f\x98\x80", "e");
  write_file(root + "/empty", "");
  write_file(root + "/setuid", "x");
  chmod((root + "/setuid").c_str(), 06755);
  write_file(root + "/no-mode", "y");
  chmod((root + "/no-mode").c_str(), 0);
  fs::create_directory(root + "/sticky");
  chmod((root + "/sticky").c_str(), 01777);
  fs::create_directory(root + "/empty-dir");
  fs::create_hard_link(root + "/plain", root + "/deep/hard-link");
  fs::create_symlink("plain", root + "/link");
  fs::create_symlink("nowhere/\xe6\x97\xa5\xe6\x9c\xac <&>", root + "/dangling");
  fs::create_directory_symlink("deep", root + "/link-to-dir");
  mkfifo((root + "/fifo").c_str(), 0640);
  if (geteuid() == 0) {
    mknod((root + "/char-device").c_str(), S_IFCHR | 0600, makedev(1, 3));
    mknod((root + "/block-device").c_str(), S_IFBLK | 0660, makedev(7, 200));
    if (chown((root + "/deep/er").c_str(), 12345, 54321) != 0) throw std::runtime_error("chown");
  }
  setxattr((root + "/plain").c_str(), "user.zeta", "value\0with nul", 14, 0);
  setxattr((root + "/plain").c_str(), "user.alpha", "", 0, 0);
  setxattr((root + "/deep").c_str(), "user.on-dir", "dir", 3, 0);
  write_file(root + "/big-random", random_text(20 * 1024 * 1024 + 4321, 7));
  write_file(root + "/zeros", std::string(3 * 1024 * 1024, '\0'));
  write_file(root + "/exactly-min", random_text(512 * 1024, 8));
  write_file(root + "/sparse", "start");
  if (truncate((root + "/sparse").c_str(), 40 * 1024 * 1024) != 0)
    throw std::runtime_error("truncate");
  write_file(root + "/deep/er/and deeper/text", std::string(100'000, 't'));
  write_file(root + "/acl", "acl");
  // user::rw- user:1:r-- group::r-- mask::r-- other::r--, as the kernel stores it.
  static constexpr unsigned char kAcl[] = {
      2, 0, 0,    0,    1,    0,    6,    0, 0xff, 0xff, 0xff, 0xff, 2,    0,    4,
      0, 1, 0,    0,    0,    4,    0,    4, 0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,
      4, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 4,    0,    0xff, 0xff, 0xff, 0xff};
  setxattr((root + "/acl").c_str(), "system.posix_acl_access", kAcl, sizeof kAcl, 0);
  write_file(root + "/old", "before 1970");
  set_times(root + "/old", -86400L * 365 * 20, 1);
  write_file(root + "/odd-nanoseconds", "n");
  set_times(root + "/odd-nanoseconds", 1'600'000'000, 120'000'000);
  set_times(root + "/link", 1'500'000'000, 999'999'999);
  set_times(root + "/deep", 1'400'000'000, 5);
}

}  // namespace hikae::testing
