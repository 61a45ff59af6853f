// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "support.h"
#include "support/temp_dir.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

class OverwriteTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_ / ("out/" + name); }
  void put(const std::string& name, const std::string& content) { write_file(path(name), content); }
  void set_mtime(const std::string& name, std::int64_t seconds, long nanoseconds) {
    const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
    ASSERT_EQ(utimensat(AT_FDCWD, path(name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  struct stat status(const std::string& name) const {
    struct stat result {};
    EXPECT_EQ(lstat(path(name).c_str(), &result), 0) << name;
    return result;
  }
  RestoreReport restore(const BlobId& root, Overwrite overwrite) {
    RestoreOptions options = to(folder_ / "out");
    options.overwrite = overwrite;
    return made_.restore(root, options);
  }

  HandMade made_;
  TempDir folder_;
};

TEST_F(OverwriteTest, AlwaysWritesOnlyBlobsThatDiffer) {
  std::string content = noise(50'000, 1);
  const BlobId root = made_.tree({made_.file("f", content, 10'000)});
  std::string damaged = content;
  damaged[25'000] ^= 1;
  put("f", damaged + "and more");
  const ino_t inode = status("f").st_ino;
  const RestoreReport report = restore(root, Overwrite::always);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.bytes_written, 10'000U);
  EXPECT_EQ(report.files_restored, 1U);
  EXPECT_EQ(read_file(path("f")), content);
  EXPECT_EQ(status("f").st_ino, inode);
}

TEST_F(OverwriteTest, AlwaysCompletesAShortFile) {
  const std::string content = noise(50'000, 2);
  const BlobId root = made_.tree({made_.file("f", content, 10'000)});
  put("f", content.substr(0, 34'000));
  const RestoreReport report = restore(root, Overwrite::always);
  EXPECT_EQ(report.bytes_written, 20'000U);
  EXPECT_EQ(read_file(path("f")), content);
}

TEST_F(OverwriteTest, AlwaysCutsALongFileAndEmptiesOne) {
  const std::string content = noise(20'000, 3);
  const BlobId root = made_.tree({made_.file("long", content, 10'000), made_.file("empty", "")});
  put("long", content + "tail");
  put("empty", "not empty");
  const RestoreReport report = restore(root, Overwrite::always);
  EXPECT_EQ(report.bytes_written, 0U);
  EXPECT_EQ(read_file(path("long")), content);
  EXPECT_EQ(read_file(path("empty")), "");
  EXPECT_EQ(status("empty").st_mtim.tv_sec, kSomeTime);
}

TEST_F(OverwriteTest, AlwaysRestoresTheMetadataOfWhatIsRight) {
  const BlobId root = made_.tree({made_.file("f", "same")});
  put("f", "same");
  chmod(path("f").c_str(), 0600);
  const RestoreReport report = restore(root, Overwrite::always);
  EXPECT_EQ(report.files_unchanged, 1U);
  EXPECT_EQ(report.files_restored, 0U);
  EXPECT_EQ(status("f").st_mode & 07777U, 0644U);
  EXPECT_EQ(status("f").st_mtim.tv_nsec, 123456789);
}

TEST_F(OverwriteTest, IfChangedTrustsSizeAndTime) {
  const BlobId root = made_.tree({made_.file("same", "12345"), made_.file("touched", "12345")});
  put("same", "wrong");
  put("touched", "wrong");
  set_mtime("same", kSomeTime, 123456789);
  const RestoreReport report = restore(root, Overwrite::if_changed);
  EXPECT_EQ(read_file(path("same")), "wrong");
  EXPECT_EQ(read_file(path("touched")), "12345");
  EXPECT_EQ(report.files_unchanged, 1U);
  EXPECT_EQ(report.files_restored, 1U);
}

TEST_F(OverwriteTest, IfNewerLeavesWhatIsAsNewOrNewer) {
  const BlobId root = made_.tree({made_.file("older", "new content"),
                                  made_.file("newer", "new content"),
                                  made_.file("equal", "new content"),
                                  HandMade::symlink("link", "target")});
  for (const char* name : {"older", "newer", "equal", "link"}) put(name, "old");
  set_mtime("older", kSomeTime, 123456788);
  set_mtime("newer", kSomeTime + 1, 0);
  set_mtime("equal", kSomeTime, 123456789);
  set_mtime("link", kSomeTime + 1, 0);
  const RestoreReport report = restore(root, Overwrite::if_newer);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(read_file(path("older")), "new content");
  EXPECT_EQ(read_file(path("newer")), "old");
  EXPECT_EQ(read_file(path("equal")), "old");
  EXPECT_EQ(read_file(path("link")), "old");
  EXPECT_EQ(report.files_unchanged, 2U);
}

TEST_F(OverwriteTest, NeverTouchesWhatIsThere) {
  const BlobId root = made_.tree({made_.file("there", "new"),
                                  made_.file("missing", "new"),
                                  HandMade::symlink("link", "target"),
                                  made_.folder("folder", {made_.file("x", "y")})});
  put("there", "old");
  put("link", "old");
  put("folder", "a file where a folder should be");
  chmod(path("there").c_str(), 0600);
  const RestoreReport report = restore(root, Overwrite::never);
  EXPECT_EQ(read_file(path("there")), "old");
  EXPECT_EQ(status("there").st_mode & 07777U, 0600U);
  EXPECT_EQ(read_file(path("missing")), "new");
  EXPECT_EQ(read_file(path("link")), "old");
  EXPECT_EQ(read_file(path("folder")), "a file where a folder should be");
  ASSERT_THAT(report.errors, SizeIs(1));
  EXPECT_EQ(report.errors[0].path, "/folder");
}

TEST_F(OverwriteTest, OtherKindsGiveWay) {
  const BlobId root = made_.tree({made_.file("was_folder", "f"),
                                  made_.file("was_link", "f"),
                                  made_.file("was_fifo", "f"),
                                  made_.folder("was_file", {made_.file("x", "y")}),
                                  HandMade::symlink("link_was_file", "new"),
                                  HandMade::symlink("link_was_link", "new")});
  fs::create_directories(path("was_folder"));
  fs::create_symlink("nowhere", path("was_link"));
  ASSERT_EQ(mkfifo(path("was_fifo").c_str(), 0600), 0);
  put("was_file", "x");
  put("link_was_file", "x");
  fs::create_symlink("old", path("link_was_link"));
  EXPECT_THAT(restore(root, Overwrite::always).errors, IsEmpty());
  for (const char* name : {"was_folder", "was_link", "was_fifo"}) {
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(path(name)))) << name;
    EXPECT_EQ(read_file(path(name)), "f") << name;
  }
  EXPECT_EQ(read_file(path("was_file/x")), "y");
  EXPECT_EQ(fs::read_symlink(path("link_was_file")), "new");
  EXPECT_EQ(fs::read_symlink(path("link_was_link")), "new");
}

TEST_F(OverwriteTest, AFolderWithContentGivesWayOnlyWithDelete) {
  const BlobId root = made_.tree({made_.file("f", "file")});
  put("f/inside", "x");
  RestoreReport report = restore(root, Overwrite::always);
  ASSERT_THAT(report.errors, SizeIs(1));
  EXPECT_EQ(report.errors[0].path, "/f");
  EXPECT_EQ(read_file(path("f/inside")), "x");

  RestoreOptions options = to(folder_ / "out");
  options.delete_extra = DeleteExtra::yes;
  report = made_.restore(root, options);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(read_file(path("f")), "file");
}

TEST_F(OverwriteTest, AFileWithOtherNamesIsReplacedNotChanged) {
  const BlobId root = made_.tree({made_.file("content", "new"), made_.file("mode", "same")});
  write_file(folder_ / "outside", "old");
  write_file(folder_ / "outside2", "same");
  chmod((folder_ / "outside2").c_str(), 0600);
  fs::create_directories(path(""));
  fs::create_hard_link(folder_ / "outside", path("content"));
  fs::create_hard_link(folder_ / "outside2", path("mode"));
  EXPECT_THAT(restore(root, Overwrite::always).errors, IsEmpty());
  EXPECT_EQ(read_file(path("content")), "new");
  EXPECT_EQ(read_file(folder_ / "outside"), "old");
  struct stat outside {};
  ASSERT_EQ(stat((folder_ / "outside2").c_str(), &outside), 0);
  EXPECT_EQ(outside.st_mode & 07777U, 0600U);
  EXPECT_EQ(status("mode").st_mode & 07777U, 0644U);
}

TEST_F(OverwriteTest, APlanSaysWhatWouldChange) {
  const BlobId root =
      made_.tree({made_.file("new", "1"), made_.file("differs", "22"), made_.file("same", "333")});
  put("differs", "xx");
  put("same", "333");
  const RestorePlanSummary plan =
      plan_restore(made_.repository(), made_.commit(), root, to(folder_ / "out"), {});
  ASSERT_THAT(plan.items, SizeIs(3));
  EXPECT_EQ(plan.items[0].action, RestorePlanItem::Action::update);
  EXPECT_EQ(plan.items[1].action, RestorePlanItem::Action::create);
  EXPECT_EQ(plan.items[2].action, RestorePlanItem::Action::keep);
  EXPECT_EQ(plan.bytes, 6U);
  EXPECT_EQ(plan.bytes_to_write, 3U);
  EXPECT_EQ(read_file(path("differs")), "xx");
}

}  // namespace
}  // namespace hikae::testing
