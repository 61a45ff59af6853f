// SPDX-License-Identifier: Apache-2.0
#include "os/files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "os/fd.h"
#include "support/temp_dir.h"

namespace hikae::os {
namespace {

using hikae::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

TEST(WriteFileDurably, WritesAllPiecesWithTheMode) {
  const TempDir dir;
  write_file_durably(dir / "a", {as_bytes("one "), as_bytes(""), as_bytes("two")}, {.mode = 0440});
  EXPECT_EQ(hikae::testing::read_file(dir / "a"), "one two");
  EXPECT_EQ(mode_of(dir / "a"), 0440U);
  EXPECT_THAT(names_in(dir.path()), ElementsAre("a"));
}

// How much of the file the page cache holds.
std::size_t cached_pages_of(const std::string& path, std::size_t size) {
  const Fd fd = open_file(path, O_RDONLY);
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  EXPECT_NE(mapped, MAP_FAILED);
  std::vector<unsigned char> pages((size + 4095) / 4096);
  EXPECT_EQ(mincore(mapped, size, pages.data()), 0);
  munmap(mapped, size);
  return static_cast<std::size_t>(std::count_if(
      pages.begin(), pages.end(), [](unsigned char page) { return (page & 1U) != 0; }));
}

TEST(WriteFileDurably, GivesThePageCacheBackWhenAsked) {
  const TempDir dir;
  struct statfs place {};
  ASSERT_EQ(statfs(dir.path().c_str(), &place), 0);
  if (place.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a file in memory stays there";
  const Bytes content(1U << 20, std::uint8_t{7});
  WriteOptions options;
  write_file_durably(dir / "kept", {content}, options);
  options.page_cache = PageCache::give_back;
  write_file_durably(dir / "given back", {content}, options);
  EXPECT_LT(cached_pages_of(dir / "given back", content.size()),
            cached_pages_of(dir / "kept", content.size()));
  EXPECT_EQ(read_file(dir / "given back", 1U << 21), content);
}

TEST(WriteFileDurably, DoesNotReplaceUnlessAsked) {
  const TempDir dir;
  write_file_durably(dir / "a", {as_bytes("old")}, {});
  try {
    write_file_durably(dir / "a", {as_bytes("new")}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::already_exists);
  }
  EXPECT_EQ(hikae::testing::read_file(dir / "a"), "old");
  write_file_durably(dir / "a", {as_bytes("new")}, {.if_exists = IfExists::replace});
  EXPECT_EQ(hikae::testing::read_file(dir / "a"), "new");
  EXPECT_THAT(names_in(dir.path()), ElementsAre("a"));
}

// Files of this process may not grow beyond a limit: a write fails in the middle.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST(WriteFileDurably, LeavesNothingWhenTheWriteFailsMidway) {
  const TempDir dir;
  const std::string content(64 * 1024, 'x');
  {
    const FileSizeLimit limit(16 * 1024);
    EXPECT_THROW(write_file_durably(dir / "a", {as_bytes(content)}, {}), Error);
  }
  EXPECT_THAT(names_in(dir.path()), IsEmpty());
}

TEST(WriteFileDurably, KeepsTheOldFileWhenReplacingFailsMidway) {
  const TempDir dir;
  write_file_durably(dir / "a", {as_bytes("old")}, {});
  const std::string content(64 * 1024, 'x');
  {
    const FileSizeLimit limit(16 * 1024);
    EXPECT_THROW(
        write_file_durably(dir / "a", {as_bytes(content)}, {.if_exists = IfExists::replace}),
        Error);
  }
  EXPECT_EQ(hikae::testing::read_file(dir / "a"), "old");
  EXPECT_THAT(names_in(dir.path()), ElementsAre("a"));
}

TEST(WriteFileDurably, MissingFolderIsNotFound) {
  try {
    write_file_durably("/nowhere/a", {as_bytes("x")}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

TEST(ReadFile, ReadsUpToItsLimit) {
  const TempDir dir;
  hikae::testing::write_file(dir / "a", "12345");
  EXPECT_EQ(as_text(read_file(dir / "a", 5)), "12345");
  EXPECT_THROW(read_file(dir / "a", 4), Error);
  hikae::testing::write_file(dir / "empty", "");
  EXPECT_TRUE(read_file(dir / "empty", 0).empty());
}

TEST(ReadFile, ReadsFilesWithoutSize) {
  EXPECT_FALSE(read_file("/proc/self/mountinfo", 1U << 24U).empty());
  const std::string status(as_text(read_file("/proc/self/status", 1U << 20U)));
  EXPECT_NE(status.find("VmRSS"), std::string::npos);
}

TEST(EnsureDirectory, MakesParentsAndKeepsWhatIsThere) {
  const TempDir dir;
  ensure_directory(dir / "a/b/c/", 0700);
  EXPECT_TRUE(fs::is_directory(dir / "a/b/c"));
  EXPECT_EQ(mode_of(dir / "a/b"), 0700U);
  ASSERT_EQ(chmod((dir / "a/b").c_str(), 0750), 0);
  ensure_directory(dir / "a/b/c", 0700);
  EXPECT_EQ(mode_of(dir / "a/b"), 0750U);
  hikae::testing::write_file(dir / "file", "");
  EXPECT_THROW(ensure_directory(dir / "file", 0700), Error);
  EXPECT_THROW(ensure_directory(dir / "file/below", 0700), Error);
}

TEST(FreeSpace, IsPlausible) {
  const TempDir dir;
  const DiskSpace space = free_space(dir.path().string());
  EXPECT_GT(space.total_bytes, 0U);
  EXPECT_LE(space.free_bytes, space.total_bytes);
  EXPECT_THROW(free_space("/nowhere"), Error);
}

TEST(IsMountPoint, KnowsMountsFromFolders) {
  const TempDir dir;
  // Not "/": in a changed root it is an ordinary folder of the file system outside.
  EXPECT_TRUE(is_mount_point("/proc"));
  EXPECT_FALSE(is_mount_point(dir.path().string()));
  EXPECT_FALSE(is_mount_point(dir / "missing"));
}

TEST(FindMissingMount, NamesTheDeepestThatTheTableMeans) {
  const TempDir dir;
  const std::string table = dir / "fstab";
  const std::string share = dir / "my share";
  ensure_directory(share, 0700);
  ensure_directory(dir / "elsewhere", 0700);
  std::string escaped = share;
  escaped.replace(escaped.find(' '), 1, "\\040");
  std::ofstream(table) << "# comment\nUUID=1 / ext4 defaults 0 1\nproc /proc proc defaults 0 "
                          "0\nUUID=2 none swap sw 0 0\n"
                          "nas:/a "
                       << escaped << "/ nfs noauto 0 0\nnas:/b " << (dir / "deeper/one")
                       << " nfs\n";
  EXPECT_EQ(find_missing_mount(share, table), share);
  EXPECT_EQ(find_missing_mount(share + "/hikae/not/there", table), share);
  EXPECT_EQ(find_missing_mount(dir / "deeper/one/hikae", table), dir / "deeper/one");
  EXPECT_EQ(find_missing_mount(share + "2", table), std::nullopt);
  EXPECT_EQ(find_missing_mount(dir / "elsewhere", table), std::nullopt);
  EXPECT_EQ(find_missing_mount("/proc/self", table), std::nullopt);
  EXPECT_EQ(find_missing_mount(share, dir / "no table"), std::nullopt);
  ASSERT_EQ(symlink(share.c_str(), (dir / "link").c_str()), 0);
  EXPECT_EQ(find_missing_mount(dir / "link/hikae", table), share);
  if (mount((dir / "elsewhere").c_str(), share.c_str(), nullptr, MS_BIND, nullptr) != 0)
    GTEST_SKIP() << "bind mounts are not permitted here: " << std::strerror(errno);
  EXPECT_EQ(find_missing_mount(share + "/hikae", table), std::nullopt);
  EXPECT_EQ(umount(share.c_str()), 0);
}

TEST(IsMountPoint, KnowsBindMountsOfTheSameFileSystem) {
  const TempDir dir;
  ensure_directory(dir / "from", 0700);
  ensure_directory(dir / "to here", 0700);
  if (mount((dir / "from").c_str(), (dir / "to here").c_str(), nullptr, MS_BIND, nullptr) != 0)
    GTEST_SKIP() << "bind mounts are not permitted here: " << std::strerror(errno);
  EXPECT_TRUE(is_mount_point(dir / "to here"));
  EXPECT_FALSE(is_mount_point(dir / "from"));
  EXPECT_EQ(umount((dir / "to here").c_str()), 0);
}

}  // namespace
}  // namespace hikae::os
