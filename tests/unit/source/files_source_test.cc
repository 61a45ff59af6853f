// SPDX-License-Identifier: Apache-2.0
#include "source/files_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "os/users.h"
#include "support/temp_dir.h"
#include "unit/source/walk.h"

namespace hikae {
namespace {

using format::NodeType;
using testing::CollectedErrors;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::names_below;
using testing::TempDir;
using testing::walk;
using testing::write_file;

FilesOptions options_for(const std::string& path) {
  FilesOptions options;
  options.paths = {path};
  return options;
}

void set_times(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const struct timespec times[2] = {{100, 5}, {seconds, nanoseconds}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
}

TEST(FilesSource, StoresWhatStatTells) {
  const TempDir folder;
  const std::string file = folder / "data/file";
  write_file(file, "content");
  ASSERT_EQ(chmod(file.c_str(), 04751), 0);
  set_times(file, -86400 * 365, 123456789);
  ASSERT_EQ(link(file.c_str(), (folder / "data/again").c_str()), 0);
  const auto nodes = walk(options_for(folder / "data"));
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  const format::Node& node = nodes.at(file);
  EXPECT_EQ(node.name, "file");
  EXPECT_EQ(node.type, NodeType::file);
  EXPECT_EQ(node.mode, 0751U | format::kModeSetuid);
  EXPECT_EQ(node.mtime.seconds, -86400 * 365);
  EXPECT_EQ(node.mtime.nanoseconds, 123456789U);
  EXPECT_EQ(node.atime, node.mtime);
  EXPECT_EQ(node.ctime.seconds, status.st_ctim.tv_sec);
  EXPECT_EQ(node.ctime.nanoseconds, static_cast<std::uint32_t>(status.st_ctim.tv_nsec));
  EXPECT_EQ(node.uid, geteuid());
  EXPECT_EQ(node.user, os::Accounts().user_name(geteuid()));
  EXPECT_EQ(node.group, os::Accounts().group_name(status.st_gid));
  EXPECT_EQ(node.inode, status.st_ino);
  EXPECT_EQ(node.device_id, status.st_dev);
  EXPECT_EQ(node.size, 7U);
  EXPECT_EQ(node.links, 2U);
  EXPECT_EQ(nodes.at(folder / "data/again").inode, node.inode);
}

TEST(FilesSource, LeavesOutWhatAFolderHasNot) {
  const TempDir folder;
  write_file(folder / "data/sub/file", "");
  ASSERT_EQ(chmod((folder / "data/sub").c_str(), 01777), 0);
  const auto nodes = walk(options_for(folder / "data"));
  const format::Node& node = nodes.at(folder / "data/sub");
  EXPECT_EQ(node.type, NodeType::dir);
  EXPECT_EQ(node.mode, 0777U | format::kModeDir | format::kModeSticky);
  EXPECT_EQ(node.size, 0U);
  EXPECT_EQ(node.links, 0U);
  EXPECT_EQ(node.device, 0U);
}

TEST(FilesSource, StoresAccessTimesOnRequest) {
  const TempDir folder;
  write_file(folder / "data/file", "x");
  set_times(folder / "data/file", 2000000000, 0);
  FilesOptions options = options_for(folder / "data");
  options.access_times = AccessTimes::store;
  const auto nodes = walk(options);
  EXPECT_EQ(nodes.at(folder / "data/file").atime.seconds, 100);
  EXPECT_EQ(nodes.at(folder / "data/file").atime.nanoseconds, 5U);
}

TEST(FilesSource, KeepsNamesByteByByteInTheirOrder) {
  const TempDir folder;
  const std::vector<std::string> names = {"\x01",
                                          "\n",
                                          "\"quoted\\\"",
                                          "A",
                                          "Z",
                                          "a",
                                          "a b",
                                          "a-b",
                                          "a.b",
                                          "\x7f",
                                          "カ\u3099",
                                          "ガ",
                                          "\xc3\x28",
                                          "\xff\xfe"};
  for (const std::string& name : names) write_file(folder / ("data/" + name), "x");
  CollectedErrors errors;
  const auto source = make_files_source(options_for(folder / "data"));
  std::unique_ptr<SourceDirectory> at = source->open_root();
  std::vector<SourceEntry> entries = at->read(errors);
  std::vector<std::unique_ptr<SourceDirectory>> keep;
  while (entries.at(0).path != folder / "data") {
    keep.push_back(std::move(at));
    at = keep.back()->open_directory(entries.at(0));
    entries = at->read(errors);
  }
  keep.push_back(at->open_directory(entries.at(0)));
  std::vector<std::string> stored;
  for (const SourceEntry& entry : keep.back()->read(errors)) {
    stored.push_back(entry.node.name);
    EXPECT_EQ(entry.path, folder / "data" + "/" + entry.node.name);
  }
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(stored, sorted);
  EXPECT_THAT(errors.errors, IsEmpty());
}

TEST(FilesSource, StoresLinksWithTheirWholeTarget) {
  const TempDir folder;
  const std::string long_target(4000, 'x');
  write_file(folder / "data/file", "");
  ASSERT_EQ(symlink("nowhere/\xff", (folder / "data/broken").c_str()), 0);
  ASSERT_EQ(symlink(long_target.c_str(), (folder / "data/long").c_str()), 0);
  ASSERT_EQ(symlink("/etc", (folder / "data/folder").c_str()), 0);
  const auto nodes = walk(options_for(folder / "data"));
  EXPECT_EQ(nodes.at(folder / "data/broken").link_target, "nowhere/\xff");
  EXPECT_EQ(nodes.at(folder / "data/broken").type, NodeType::symlink);
  EXPECT_EQ(nodes.at(folder / "data/broken").links, 1U);
  EXPECT_EQ(nodes.at(folder / "data/broken").size, 0U);
  EXPECT_EQ(nodes.at(folder / "data/long").link_target, long_target);
  EXPECT_EQ(nodes.at(folder / "data/folder").type, NodeType::symlink);
  EXPECT_EQ(nodes.count(folder / "data/folder" + "/passwd"), 0U);
}

TEST(FilesSource, StoresALinkThatWasGivenAsALink) {
  const TempDir folder;
  write_file(folder / "real/file", "");
  ASSERT_EQ(symlink("real", (folder / "link").c_str()), 0);
  const auto nodes = walk(options_for(folder / "link"));
  EXPECT_EQ(nodes.at(folder / "link").type, NodeType::symlink);
  EXPECT_THAT(names_below(nodes, folder / "link"), IsEmpty());
}

TEST(FilesSource, TakesTheFolderBehindALinkAboveAPath) {
  const TempDir folder;
  write_file(folder / "real/sub/file", "");
  ASSERT_EQ(chmod((folder / "real").c_str(), 0711), 0);
  ASSERT_EQ(symlink("real", (folder / "link").c_str()), 0);
  const auto nodes = walk(options_for(folder / "link/sub"));
  EXPECT_EQ(nodes.at(folder / "link").type, NodeType::dir);
  EXPECT_EQ(nodes.at(folder / "link").mode, 0711U | format::kModeDir);
  EXPECT_EQ(nodes.count(folder / "link/sub/file"), 1U);
}

TEST(FilesSource, GivesTheUpperFoldersOnlyWhatLeadsToThePaths) {
  const TempDir folder;
  for (const char* file : {"a/b/1", "a/c/2", "a/d/3", "e/4"}) write_file(folder / file, "");
  FilesOptions options;
  options.paths = {folder / "e", folder / "a/b", folder / "a/d"};
  const auto source = make_files_source(options);
  CollectedErrors errors;
  const auto nodes = walk(*source, errors);
  EXPECT_THAT(names_below(nodes, folder.path().string()),
              ElementsAre("a", "a/b", "a/b/1", "a/d", "a/d/3", "e", "e/4"));
  EXPECT_THAT(source->paths(), ElementsAre(folder / "e", folder / "a/b", folder / "a/d"));
}

TEST(FilesSource, ReadsAPathInsideAnotherOnce) {
  const TempDir folder;
  for (const char* file : {"a/1", "a/b/2", "a/b/c/3"}) write_file(folder / file, "");
  FilesOptions options;
  options.paths = {folder / "a", folder / "a/b/c"};
  EXPECT_THAT(names_below(walk(options), folder / "a"),
              ElementsAre("1", "b", "b/2", "b/c", "b/c/3"));
}

TEST(FilesSource, ResolvesRelativePathsInTheWorkingDirectory) {
  const TempDir folder;
  for (const char* file : {"work/foo/bar/1", "work/x", "next/y/2"}) write_file(folder / file, "");
  FilesOptions options;
  options.working_directory = folder / "work";
  options.paths = {"foo/bar", "./x", "../next/y"};
  const auto source = make_files_source(options);
  CollectedErrors errors;
  const auto nodes = walk(*source, errors);
  EXPECT_THAT(names_below(nodes),
              ElementsAre("foo", "foo/bar", "foo/bar/1", "next", "next/y", "next/y/2", "x"));
  EXPECT_THAT(source->paths(),
              ElementsAre(folder / "work/foo/bar", folder / "work/x", folder / "next/y"));
  options.paths = {"."};
  EXPECT_THAT(names_below(walk(options)), ElementsAre("foo", "foo/bar", "foo/bar/1", "x"));
}

TEST(FilesSource, ReadsFilesFromFrontToEnd) {
  const TempDir folder;
  const std::string content(3000000, 'x');
  write_file(folder / "file", content);
  ASSERT_EQ(setxattr((folder / "file").c_str(), "user.note", "v", 1, 0), 0);
  const auto source = make_files_source(options_for(folder / "file"));
  CollectedErrors errors;
  std::vector<std::unique_ptr<SourceDirectory>> folders;
  folders.push_back(source->open_root());
  SourceEntry entry = folders.back()->read(errors).at(0);
  while (entry.node.type == NodeType::dir) {
    folders.push_back(folders.back()->open_directory(entry));
    entry = folders.back()->read(errors).at(0);
  }
  const auto file = folders.back()->open_file(entry);
  EXPECT_EQ(file->stat(), entry.node);
  std::string read;
  Bytes buffer(1 << 20);
  for (std::size_t size; (size = file->read(buffer)) > 0;)
    read += as_text(ByteView(buffer).first(size));
  EXPECT_EQ(read, content);
  write_file(folder / "file", "changed");
  EXPECT_EQ(file->stat().size, 7U);
}

TEST(FilesSource, RemembersTheExclusionsForTheSnapshot) {
  FilesOptions options = options_for("/");
  options.exclude = {"*.o", "!keep.o"};
  options.exclude_case_insensitive = {"*.TMP"};
  EXPECT_THAT(make_files_source(options)->excludes(), ElementsAre("*.o", "!keep.o"));
}

TEST(FilesSource, RefusesOptionsThatMakeNoSense) {
  const auto refuses = [](const FilesOptions& options) {
    try {
      make_files_source(options);
    } catch (const Error& error) {
      return error.code() == ErrorCode::invalid_argument;
    }
    return false;
  };
  EXPECT_TRUE(refuses(FilesOptions{}));
  EXPECT_TRUE(refuses(options_for("")));
  FilesOptions options = options_for("/etc");
  options.exclude = {"["};
  EXPECT_TRUE(refuses(options));
  options.exclude = {};
  options.exclude_case_insensitive = {"["};
  EXPECT_TRUE(refuses(options));
  options.exclude_case_insensitive = {};
  options.exclude_if_present = {":header"};
  EXPECT_TRUE(refuses(options));
  options.exclude_if_present = {};
  options.exclude_files = {"/no/such/file"};
  EXPECT_TRUE(refuses(options));
}

}  // namespace
}  // namespace hikae
