// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temp_dir.h"
#include "unit/source/walk.h"

namespace hikae {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::names_below;
using testing::TempDir;
using testing::walk;
using testing::write_file;

class SelectionTest : public ::testing::Test {
 protected:
  void create(std::initializer_list<const char*> files) {
    for (const char* file : files) write_file(folder_ / (std::string("data/") + file), "x");
    options_.paths = {folder_ / "data"};
  }
  std::vector<std::string> stored() { return names_below(walk(options_), folder_ / "data"); }

  TempDir folder_;
  FilesOptions options_;
};

TEST_F(SelectionTest, PatternsApplyToAbsolutePaths) {
  create({"a.o", "a.c", "sub/b.o", "sub/keep.o", "sub/x/b.c", "other/b.c"});
  options_.exclude = {"*.o", "!keep.o", folder_ / "data/sub/x", "data/oth*"};
  EXPECT_THAT(stored(), ElementsAre("a.c", "sub", "sub/keep.o"));
}

TEST_F(SelectionTest, PatternFilesContinueTheList) {
  create({"a.o", "b.o", "c.c", "D.C"});
  write_file(folder_ / "patterns", "# objects come back\n!b.o\n");
  options_.exclude = {"*.o"};
  options_.exclude_files = {folder_ / "patterns"};
  options_.exclude_case_insensitive = {"d.*"};
  EXPECT_THAT(stored(), ElementsAre("b.o", "c.c"));
}

TEST_F(SelectionTest, ThePathsThemselvesAreStoredWhateverIsExcluded) {
  create({"a", "b"});
  options_.paths = {folder_ / "data/a"};
  options_.exclude = {"a"};
  EXPECT_THAT(stored(), ElementsAre("a"));
  options_.paths = {folder_ / "data", folder_ / "data/a"};
  EXPECT_THAT(stored(), ElementsAre("a", "b"));
  options_.paths = {folder_ / "data", folder_ / "data/b"};
  EXPECT_THAT(stored(), ElementsAre("b"));
}

TEST_F(SelectionTest, ATagKeepsItselfAndNothingElse) {
  create({".nobackup", "deep/x", "sub/.nobackup", "sub/a", "sub/deep/b", "sub2/a"});
  options_.paths = {folder_ / "data/sub", folder_ / "data/sub2"};
  options_.exclude_if_present = {".nobackup"};
  EXPECT_THAT(stored(), ElementsAre("sub", "sub/.nobackup", "sub2", "sub2/a"));
}

TEST_F(SelectionTest, ATagMayNeedAHeader) {
  create({"a/f", "b/f", "c/f", "d/f"});
  write_file(folder_ / "data/a/TAG", "skip: this");
  write_file(folder_ / "data/b/TAG", "skip");
  write_file(folder_ / "data/c/TAG", "");
  ASSERT_EQ(mkfifo((folder_ / "data/d/TAG").c_str(), 0600), 0);
  options_.exclude_if_present = {"TAG:skip: "};
  EXPECT_THAT(
      stored(),
      ElementsAre("a", "a/TAG", "b", "b/TAG", "b/f", "c", "c/TAG", "c/f", "d", "d/TAG", "d/f"));
}

TEST_F(SelectionTest, CachesAreKnownByTheirSignature) {
  create({"a/f", "b/f"});
  write_file(folder_ / "data/a/CACHEDIR.TAG",
             "Signature: 8a477f597d28d172789f06886806bc55\n# made by a browser\n");
  write_file(folder_ / "data/b/CACHEDIR.TAG",
             "Signature: something else, longer than the real one");
  EXPECT_THAT(stored(), ElementsAre("a", "a/CACHEDIR.TAG", "a/f", "b", "b/CACHEDIR.TAG", "b/f"));
  options_.exclude_caches = true;
  EXPECT_THAT(stored(), ElementsAre("a", "a/CACHEDIR.TAG", "b", "b/CACHEDIR.TAG", "b/f"));
}

TEST_F(SelectionTest, LargeFilesAreLeftOut) {
  create({"sub/small"});
  write_file(folder_ / "data/just", std::string(1000, 'x'));
  write_file(folder_ / "data/over", std::string(1001, 'x'));
  options_.exclude_larger_than = 1000;
  EXPECT_THAT(stored(), ElementsAre("just", "sub", "sub/small"));
}

TEST_F(SelectionTest, ExclusionAppliesToTheEntriesOfABareFolder) {
  create({".nobackup", "a", "b.o"});
  options_.working_directory = folder_ / "data";
  options_.paths = {"."};
  options_.exclude = {"*.o"};
  EXPECT_THAT(names_below(walk(options_)), ElementsAre(".nobackup", "a"));
  options_.exclude_if_present = {".nobackup"};
  EXPECT_THAT(names_below(walk(options_)), ElementsAre(".nobackup"));
}

TEST_F(SelectionTest, AnotherFileSystemLeavesItsMountPoint) {
  create({"here", "mnt/hidden"});
  const std::string mount_point = folder_ / "data/mnt";
  if (mount("none", mount_point.c_str(), "tmpfs", 0, "") != 0)
    GTEST_SKIP() << "this user may not mount";
  write_file(mount_point + "/there", "x");
  write_file(mount_point + "/sub/there", "x");
  const auto all = stored();
  options_.file_systems = FileSystems::one;
  const auto one = stored();
  options_.paths = {folder_ / "data", mount_point};
  const auto both = stored();
  options_.paths = {folder_ / "data", mount_point + "/sub"};
  const auto deeper = stored();
  umount(mount_point.c_str());
  EXPECT_THAT(all, ElementsAre("here", "mnt", "mnt/sub", "mnt/sub/there", "mnt/there"));
  EXPECT_THAT(one, ElementsAre("here", "mnt"));
  EXPECT_EQ(both, all);
  EXPECT_THAT(deeper, ElementsAre("here", "mnt", "mnt/sub", "mnt/sub/there"));
}

}  // namespace
}  // namespace hikae
