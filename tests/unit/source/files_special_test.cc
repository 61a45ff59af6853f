// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
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

// The source of one folder, read down to that folder.
class FolderSource {
 public:
  explicit FolderSource(const std::string& path) {
    FilesOptions options;
    options.paths = {path};
    options.allow_empty = AllowEmpty::yes;
    source_ = make_files_source(options);
    folders_.push_back(source_->open_root());
    do {
      const SourceEntry entry = folders_.back()->read(errors).at(0);
      reached_ = entry.path;
      folders_.push_back(folders_.back()->open_directory(entry));
    } while (reached_ != path);
  }

  SourceDirectory& folder() { return *folders_.back(); }
  SourceEntry entry(const std::string& name) {
    for (SourceEntry& entry : folder().read(errors)) {
      if (entry.node.name == name) return std::move(entry);
    }
    throw std::runtime_error("no entry " + name);
  }

  CollectedErrors errors;

 private:
  std::unique_ptr<Source> source_;
  std::vector<std::unique_ptr<SourceDirectory>> folders_;
  std::string reached_;
};

template <typename Action>
std::optional<ErrorCode> code_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

TEST(FilesSpecial, StoresPipesAndDevicesAndSkipsSockets) {
  const TempDir folder;
  write_file(folder / "data/file", "");
  ASSERT_EQ(mkfifo((folder / "data/pipe").c_str(), 0640), 0);
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "data/sock").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(socket_fd);
  FolderSource source(folder / "data");
  const auto entries = source.folder().read(source.errors);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].node.type, NodeType::fifo);
  EXPECT_EQ(entries[1].node.mode & ~0777U, format::kModeFifo);
  EXPECT_EQ(entries[1].node.links, 0U);
  EXPECT_THAT(source.errors.errors, IsEmpty());
  if (mknod((folder / "data/tty").c_str(), S_IFCHR | 0620, makedev(4, 300)) != 0)
    GTEST_SKIP() << "this user may not make devices";
  ASSERT_EQ(mknod((folder / "data/disk").c_str(), S_IFBLK | 0660, makedev(259, 1)), 0);
  const format::Node tty = source.entry("tty").node;
  EXPECT_EQ(tty.type, NodeType::chardev);
  EXPECT_EQ(tty.mode & ~0777U, format::kModeDevice | format::kModeCharDevice);
  EXPECT_EQ(tty.device, makedev(4, 300));
  EXPECT_EQ(tty.links, 1U);
  const format::Node disk = source.entry("disk").node;
  EXPECT_EQ(disk.type, NodeType::dev);
  EXPECT_EQ(disk.mode & ~0777U, format::kModeDevice);
  EXPECT_EQ(disk.device, makedev(259, 1));
}

TEST(FilesSpecial, StoresExtendedAttributesInTheKernelsOrder) {
  const TempDir folder;
  const std::string file = folder / "data/file";
  write_file(file, "");
  const std::string large(3000, 'v');
  if (setxattr(file.c_str(), "user.z", "1", 1, 0) != 0) GTEST_SKIP() << "no attributes here";
  ASSERT_EQ(setxattr(file.c_str(), "user.a", large.data(), large.size(), 0), 0);
  ASSERT_EQ(setxattr(file.c_str(), "user.empty", "", 0, 0), 0);
  // user::rw- user:12345:r-- group::r-- mask::r-- other::---
  const unsigned char acl[] = {2, 0,    0,    0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                               0, 0x39, 0x30, 0,   0,   4,   0,  4, 0,   255, 255, 255, 255, 16, 0,
                               4, 0,    255,  255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
  const bool has_acl = setxattr(file.c_str(), "system.posix_acl_access", acl, sizeof acl, 0) == 0;
  std::string listed(1024, '\0');
  listed.resize(static_cast<std::size_t>(listxattr(file.c_str(), listed.data(), listed.size())));
  FolderSource source(folder / "data");
  const format::Node node = source.entry("file").node;
  std::string names;
  for (const auto& attribute : node.extended_attributes) names += attribute.name + '\0';
  EXPECT_EQ(names, listed);
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : node.extended_attributes) values[name] = as_text(value);
  std::map<std::string, std::string> expected = {
      {"user.z", "1"}, {"user.a", large}, {"user.empty", ""}};
  if (has_acl)
    expected["system.posix_acl_access"] = {reinterpret_cast<const char*>(acl), sizeof acl};
  EXPECT_EQ(values, expected);
  EXPECT_EQ(source.folder().open_file(source.entry("file"))->stat(), node);
}

TEST(FilesSpecial, SaysThatARemovedFolderIsGone) {
  const TempDir folder;
  write_file(folder / "data/sub/file", "x");
  FolderSource source(folder / "data");
  const SourceEntry sub = source.entry("sub");
  std::filesystem::remove_all(folder / "data/sub");
  EXPECT_EQ(code_of([&] { source.folder().open_directory(sub)->read(source.errors); }),
            ErrorCode::not_found);
  std::filesystem::remove_all(folder / "data");
  EXPECT_EQ(code_of([&] { source.folder().read(source.errors); }), ErrorCode::not_found);
  // A new folder of the same name is not the one that was promised.
  write_file(folder / "data/sub/other", "x");
  EXPECT_EQ(code_of([&] { source.folder().read(source.errors); }), ErrorCode::not_found);
}

TEST(FilesSpecial, FollowsNoLinkThatTakesAFoldersPlace) {
  const TempDir folder;
  write_file(folder / "outside/secret", "x");
  write_file(folder / "data/sub/deep/file", "x");
  FolderSource source(folder / "data");
  const SourceEntry sub = source.entry("sub");
  const auto sub_folder = source.folder().open_directory(sub);
  const SourceEntry deep = sub_folder->read(source.errors).at(0);
  const auto deep_folder = sub_folder->open_directory(deep);
  const SourceEntry file = deep_folder->read(source.errors).at(0);
  std::filesystem::rename(folder / "data/sub", folder / "moved");
  write_file(folder / "outside/deep/file", "secret");
  std::filesystem::create_directory_symlink(folder / "outside", folder / "data/sub");
  EXPECT_EQ(code_of([&] { sub_folder->read(source.errors); }), ErrorCode::permission);
  EXPECT_EQ(code_of([&] { deep_folder->read(source.errors); }), ErrorCode::permission);
  EXPECT_EQ(code_of([&] { deep_folder->open_file(file); }), ErrorCode::permission);
}

TEST(FilesSpecial, OpensNothingButFiles) {
  const TempDir folder;
  write_file(folder / "data/a", "x");
  write_file(folder / "secret", "x");
  FolderSource source(folder / "data");
  const SourceEntry entry = source.entry("a");
  std::filesystem::remove(folder / "data/a");
  EXPECT_EQ(code_of([&] { source.folder().open_file(entry); }), ErrorCode::not_found);
  // Opening a pipe without a writer would wait for ever.
  ASSERT_EQ(mkfifo((folder / "data/a").c_str(), 0600), 0);
  EXPECT_EQ(code_of([&] { source.folder().open_file(entry); }), ErrorCode::io);
  std::filesystem::remove(folder / "data/a");
  std::filesystem::create_symlink(folder / "secret", folder / "data/a");
  EXPECT_EQ(code_of([&] { source.folder().open_file(entry); }), ErrorCode::permission);
}

TEST(FilesSpecial, WaitsForAFileServersLease) {
  const TempDir folder;
  write_file(folder / "data/a", "content");
  FolderSource source(folder / "data");
  const SourceEntry entry = source.entry("a");
  const int holder = open((folder / "data/a").c_str(), O_RDWR | O_CLOEXEC);
  // The holder gives the lease back as soon as it is asked, as a file server does.
  struct sigaction action {};
  static int leased = -1;
  leased = holder;
  action.sa_handler = [](int) { fcntl(leased, F_SETLEASE, F_UNLCK); };
  action.sa_flags = SA_RESTART;
  sigaction(SIGIO, &action, nullptr);
  if (fcntl(holder, F_SETLEASE, F_WRLCK) != 0) GTEST_SKIP() << "no leases here";
  Bytes buffer(100);
  EXPECT_EQ(source.folder().open_file(entry)->read(buffer), 7U);
  signal(SIGIO, SIG_DFL);
  close(holder);
}

TEST(FilesSpecial, ReadsSparseAndEmptyFiles) {
  const TempDir folder;
  write_file(folder / "data/empty", "");
  write_file(folder / "data/sparse", "");
  ASSERT_EQ(truncate((folder / "data/sparse").c_str(), 3 << 20), 0);
  FolderSource source(folder / "data");
  Bytes buffer(4 << 20);
  EXPECT_EQ(source.folder().open_file(source.entry("empty"))->read(buffer), 0U);
  const SourceEntry sparse = source.entry("sparse");
  EXPECT_EQ(sparse.node.size, std::uint64_t{3} << 20);
  const auto file = source.folder().open_file(sparse);
  EXPECT_EQ(file->read(buffer), std::size_t{3} << 20);
  EXPECT_EQ(std::count(buffer.begin(), buffer.begin() + (3 << 20), 0), 3 << 20);
  EXPECT_EQ(file->read(buffer), 0U);
}

TEST(FilesSpecial, ReadsBelowPathsLongerThanTheSystemTakes) {
  const TempDir folder;
  const std::string name(200, 'd');
  std::filesystem::create_directories(folder / "data");
  int at = open((folder / "data").c_str(), O_PATH | O_CLOEXEC);
  for (int i = 0; i < 25; ++i) {
    ASSERT_EQ(mkdirat(at, name.c_str(), 0755), 0);
    const int next = openat(at, name.c_str(), O_PATH | O_CLOEXEC);
    close(at);
    at = next;
  }
  const int file = openat(at, "bottom", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  ASSERT_EQ(write(file, "x", 1), 1);
  fsetxattr(file, "user.deep", "v", 1, 0);
  close(file);
  close(at);
  FilesOptions options;
  options.paths = {folder / "data"};
  CollectedErrors errors;
  const auto nodes = walk(*make_files_source(options), errors);
  EXPECT_THAT(errors.errors, IsEmpty());
  const auto below = names_below(nodes, folder / "data");
  ASSERT_EQ(below.size(), 26U);
  EXPECT_EQ(below.back().size(), 25 * 201 + 6U);
  EXPECT_EQ(nodes.rbegin()->second.extended_attributes.size(), 1U);
}

// The kernel refuses some of what it lists; that is an error of the item, at the right moment.
TEST(FilesSpecial, ReadsKernelFileSystems) {
  FolderSource source("/proc/" + std::to_string(getpid()));
  const auto entries = source.folder().read(source.errors);
  EXPECT_GT(entries.size(), 20U);
  const SourceEntry memory = source.entry("mem");
  const auto file = source.folder().open_file(memory);
  Bytes buffer(16);
  // Page zero is never mapped.
  EXPECT_EQ(code_of([&] { file->read(buffer); }), ErrorCode::io);
}

}  // namespace
}  // namespace hikae
