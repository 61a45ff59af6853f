// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temp_dir.h"
#include "unit/source/walk.h"

namespace hikae {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

std::optional<Error> refusal(const FilesOptions& options) {
  try {
    make_files_source(options)->open_root();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

FilesOptions options_for(const std::string& path) {
  FilesOptions options;
  options.paths = {path};
  return options;
}

// Runs `check` as nobody; false if it says so or dies.
bool holds_for_nobody(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) {
    bool holds = setgid(65534) == 0 && setuid(65534) == 0;
    try {
      holds = holds && check();
    } catch (...) {
      holds = false;
    }
    _exit(holds ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(FilesGuards, NameTheMissingPath) {
  const TempDir folder;
  write_file(folder / "there/file", "x");
  FilesOptions options = options_for(folder / "there");
  EXPECT_FALSE(refusal(options));
  options.paths.push_back(folder / "missing");
  const auto error = refusal(options);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::not_found);
  EXPECT_THAT(render(*error, Language::en), HasSubstr(folder / "missing"));
  EXPECT_TRUE(error->hint());
}

TEST(FilesGuards, RefuseAnEmptySource) {
  const TempDir folder;
  std::filesystem::create_directories(folder / "one");
  std::filesystem::create_directories(folder / "two");
  FilesOptions options;
  options.paths = {folder / "one", folder / "two"};
  const auto error = refusal(options);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::empty_source);
  EXPECT_THAT(render(*error, Language::en), HasSubstr(folder / "one, " + (folder / "two")));
  options.allow_empty = AllowEmpty::yes;
  EXPECT_FALSE(refusal(options));
  options.allow_empty = AllowEmpty::no;
  write_file(folder / "two/file", "x");
  EXPECT_FALSE(refusal(options));
}

TEST(FilesGuards, CountWhatExclusionLeaves) {
  const TempDir folder;
  write_file(folder / "data/a.o", "x");
  FilesOptions options = options_for(folder / "data");
  options.exclude = {"*.o"};
  const auto error = refusal(options);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::empty_source);
  options.paths = {folder / "data/a.o"};
  EXPECT_FALSE(refusal(options));
  options.paths = {folder / "data"};
  write_file(folder / "data/a.c", "x");
  EXPECT_FALSE(refusal(options));
}

// As a backup does: a folder that cannot be listed is an item. `listed` hears of those that were.
void walk_all(
    SourceDirectory& folder,
    const std::function<void(const std::string&)>& listed = [](const std::string&) {},
    const std::string& path = "") {
  testing::CollectedErrors errors;
  try {
    const std::vector<SourceEntry> entries = folder.read(errors);
    listed(path);
    for (const SourceEntry& entry : entries) {
      if (entry.node.type == format::NodeType::dir)
        walk_all(*folder.open_directory(entry), listed, path + "/" + entry.node.name);
    }
  } catch (const Error&) {
  }
}

// As when a disk or server goes away midway: an item that is left out would be a good generation.
TEST(FilesGuards, FailTheSourceWhenAGivenPathGoesAway) {
  const TempDir folder;
  write_file(folder / "stays/file", "x");
  write_file(folder / "goes/file", "x");
  FilesOptions options;
  options.paths = {folder / "stays", folder / "goes"};
  const auto whole = make_files_source(options);
  const auto source = make_files_source(options);
  const auto whole_root = whole->open_root();
  walk_all(*whole_root);
  EXPECT_NO_THROW(whole->finish());
  const auto root = source->open_root();
  std::filesystem::remove_all(folder / "goes");
  walk_all(*root);
  try {
    source->finish();
    FAIL() << "a path that is gone was only an item";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(render(error, Language::en), HasSubstr(folder / "goes"));
    EXPECT_TRUE(error.hint());
  }
}

TEST(FilesGuards, FailTheSourceWhenAGivenFolderCannotBeListed) {
  const TempDir folder;
  // So many that none is kept open.
  FilesOptions options;
  for (int i = 0; i < 70; ++i) {
    options.paths.push_back(folder / std::to_string(i));
    write_file(options.paths.back() + "/file", "x");
  }
  const auto source = make_files_source(options);
  const auto root = source->open_root();
  walk_all(*root, [&](const std::string& path) {
    if (path != folder.path()) return;
    std::filesystem::remove_all(folder / "7");
    write_file(folder / "7", "no folder any more");
  });
  EXPECT_THROW(source->finish(), Error);
}

TEST(FilesGuards, WantAMountOnRequest) {
  const TempDir folder;
  const std::string share = folder / "share";
  write_file(share + "/file", "x");
  FilesOptions options = options_for(share);
  options.require_mount = RequireMount::yes;
  struct stat here {};
  struct stat root {};
  ASSERT_EQ(stat(share.c_str(), &here), 0);
  ASSERT_EQ(stat("/", &root), 0);
  if (here.st_dev != root.st_dev)
    GTEST_SKIP() << "temporary files lie on a file system of their own";
  const auto error = refusal(options);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::not_mounted);
  EXPECT_THAT(render(*error, Language::en), HasSubstr(share));
  options.paths = {"/proc/self/status"};
  EXPECT_FALSE(refusal(options));
  options.paths = {share};
  // A bind mount has the device of "/" but is a mount all the same.
  if (mount(share.c_str(), share.c_str(), nullptr, MS_BIND, nullptr) != 0)
    GTEST_SKIP() << "this user may not mount";
  const auto mounted = refusal(options);
  umount(share.c_str());
  EXPECT_FALSE(mounted);
}

TEST(FilesGuards, RefuseAFolderThatMayNotBeRead) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  const TempDir folder;
  write_file(folder / "secret/file", "x");
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod((folder / "secret").c_str(), 0711), 0);
  EXPECT_FALSE(refusal(options_for(folder / "secret")));
  EXPECT_TRUE(holds_for_nobody([&] {
    const auto error = refusal(options_for(folder / "secret"));
    return error && error->code() == ErrorCode::permission && error->hint();
  }));
}

TEST(FilesGuards, RunOnPastWhatIsUnreadableFurtherDown) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  const TempDir folder;
  write_file(folder / "data/closed/file", "x");
  write_file(folder / "data/open/file", "x");
  write_file(folder / "data/private", "x");
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod((folder / "data/closed").c_str(), 0700), 0);
  ASSERT_EQ(chmod((folder / "data/private").c_str(), 0600), 0);
  // A folder that may be listed but not entered: none of its entries has metadata.
  ASSERT_EQ(chmod((folder / "data/open").c_str(), 0744), 0);
  EXPECT_TRUE(holds_for_nobody([&] {
    testing::CollectedErrors errors;
    const auto source = make_files_source(options_for(folder / "data"));
    std::vector<std::unique_ptr<SourceDirectory>> folders;
    folders.push_back(source->open_root());
    SourceEntry entry = folders.back()->read(errors).at(0);
    while (entry.path != folder / "data") {
      folders.push_back(folders.back()->open_directory(entry));
      entry = folders.back()->read(errors).at(0);
    }
    const auto data = folders.back()->open_directory(entry);
    const auto entries = data->read(errors);
    if (entries.size() != 3 || !errors.errors.empty()) return false;
    try {
      data->open_directory(entries[0])->read(errors);
      return false;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::permission) return false;
    }
    try {
      data->open_file(entries[2]);
      return false;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::permission) return false;
    }
    return data->open_directory(entries[1])->read(errors).empty() && errors.errors.size() == 1 &&
           errors.errors[0].kind == ItemError::Kind::unreadable &&
           errors.errors[0].path == folder / "data/open/file";
  }));
}

}  // namespace
}  // namespace hikae
