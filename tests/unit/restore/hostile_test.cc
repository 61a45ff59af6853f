// SPDX-License-Identifier: Apache-2.0
// A restore never writes outside its target, whatever the repository says and whatever lies there.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "support.h"
#include "support/compare_trees.h"
#include "support/temp_dir.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

class Hostile : public ::testing::Test {
 protected:
  Hostile() {
    write_file(victim_ + "/precious", "precious");
    write_file(victim_ + "/sub/file", "file");
    chmod((victim_ + "/precious").c_str(), 0640);
    fs::copy(victim_, folder_ / "copy", fs::copy_options::recursive);
    before_ = TreeReader::read(victim_);
  }
  void expect_victim_untouched() {
    const auto after = TreeReader::read(victim_);
    ASSERT_EQ(after.size(), before_.size());
    for (const auto& [path, item] : before_) {
      const auto place = after.find(path);
      ASSERT_NE(place, after.end()) << path;
      EXPECT_EQ(place->second.content, item.content) << path;
      EXPECT_EQ(place->second.mode, item.mode) << path;
      EXPECT_EQ(place->second.mtime_seconds, item.mtime_seconds) << path;
      EXPECT_EQ(place->second.mtime_nanoseconds, item.mtime_nanoseconds) << path;
      EXPECT_EQ(place->second.xattrs, item.xattrs) << path;
    }
  }
  static std::string file_json(const std::string& name, const BlobId& content) {
    return R"({"name":")" + name +
           R"(","type":"file","mode":420,"mtime":"2020-01-01T00:00:00Z","atime":"2020-01-01T00:00:00Z",)"
           R"("ctime":"2020-01-01T00:00:00Z","uid":0,"gid":0,"size":5,"links":1,"content":[")" +
           content.hex() + R"("]})";
  }
  static std::string link_json(const std::string& name, const std::string& target) {
    return R"({"name":")" + name +
           R"(","type":"symlink","mode":134218239,"mtime":"2020-01-01T00:00:00Z",)"
           R"("atime":"2020-01-01T00:00:00Z","ctime":"2020-01-01T00:00:00Z","uid":0,"gid":0,)"
           R"("links":1,"linktarget":")" +
           target + R"(","content":null})";
  }
  static std::string folder_json(const std::string& name, const BlobId& tree) {
    return R"({"name":")" + name +
           R"(","type":"dir","mode":2147484141,"mtime":"2020-01-01T00:00:00Z",)"
           R"("atime":"2020-01-01T00:00:00Z","ctime":"2020-01-01T00:00:00Z","uid":0,"gid":0,)"
           R"("content":null,"subtree":")" +
           tree.hex() + R"("})";
  }

  HandMade made_;
  TempDir folder_;
  std::string victim_ = folder_ / "victim";
  std::string target_ = folder_ / "target";
  std::map<std::string, TreeItem> before_;
};

TEST_F(Hostile, NamesThatLeadElsewhereAreRefused) {
  const BlobId blob = made_.save(format::BlobType::data, "pwned");
  for (const std::string name : {"../victim/precious",
                                 "..",
                                 ".",
                                 "/etc/pwned",
                                 "a/b",
                                 "../../../../../../../../tmp/pwned",
                                 "",
                                 "\\u0000",
                                 "nul\\u0000in"}) {
    HandMade made;
    made.save(format::BlobType::data, "pwned");
    const BlobId root = made.raw_tree(R"({"nodes":[)" + file_json(name, blob) + "]}\n");
    const RestoreReport report = made.restore(root, to(target_));
    EXPECT_THAT(report.errors, Not(IsEmpty())) << name;
    EXPECT_EQ(report.files_restored, 0U) << name;
    EXPECT_THAT(TreeReader::read(target_), IsEmpty()) << name;
  }
  expect_victim_untouched();
}

TEST_F(Hostile, ALinkAndAFolderOfOneNameDoNotEscape) {
  const BlobId blob = made_.save(format::BlobType::data, "pwned");
  const BlobId inner = made_.raw_tree(R"({"nodes":[)" + file_json("precious", blob) + "]}\n");
  const std::string link = link_json("a", victim_);
  const std::string folder = folder_json("a", inner);
  for (const std::string& nodes : {link + "," + folder, folder + "," + link}) {
    for (const Overwrite overwrite : {Overwrite::always, Overwrite::never}) {
      HandMade made;
      made.save(format::BlobType::data, "pwned");
      made.raw_tree(R"({"nodes":[)" + file_json("precious", blob) + "]}\n");
      const BlobId root = made.raw_tree(R"({"nodes":[)" + nodes + "]}\n");
      fs::remove_all(target_);
      RestoreOptions options = to(target_);
      options.overwrite = overwrite;
      const RestoreReport report = made.restore(root, options);
      EXPECT_THAT(report.errors, Not(IsEmpty()));
      expect_victim_untouched();
      // Once more over what the first restore left.
      made.restore(root, options);
      expect_victim_untouched();
    }
  }
}

TEST_F(Hostile, ALinkBesideAFolderIsNotFollowed) {
  // "a" is a link to the victim; "a " and "a\xff" are its neighbours in every order.
  const BlobId root = made_.tree({HandMade::symlink("a", victim_),
                                  made_.folder("a ", {made_.file("precious", "pwned")}),
                                  made_.folder("b", {HandMade::symlink("c", "../../victim")})});
  EXPECT_THAT(made_.restore(root, to(target_)).errors, IsEmpty());
  EXPECT_EQ(read_file(target_ + "/a /precious"), "pwned");
  EXPECT_EQ(read_link(target_ + "/b/c"), "../../victim");
  expect_victim_untouched();
}

TEST_F(Hostile, APlantedLinkToAFolderIsReplaced) {
  const BlobId root = made_.tree({made_.folder(
      "sub", {made_.file("precious", "new"), made_.folder("sub", {made_.file("file", "new")})})});
  for (const Overwrite overwrite :
       {Overwrite::always, Overwrite::if_changed, Overwrite::if_newer}) {
    fs::remove_all(target_);
    fs::create_directories(target_);
    fs::create_symlink(victim_, target_ + "/sub");
    RestoreOptions options = to(target_);
    options.overwrite = overwrite;
    options.delete_extra = DeleteExtra::yes;
    EXPECT_THAT(made_.restore(root, options).errors, IsEmpty());
    EXPECT_FALSE(fs::is_symlink(target_ + "/sub"));
    EXPECT_EQ(read_file(target_ + "/sub/sub/file"), "new");
    expect_victim_untouched();
  }
}

TEST_F(Hostile, APlantedLinkToAFolderStaysWhenNothingIsOverwritten) {
  const BlobId root = made_.tree({made_.folder("sub", {made_.file("new", "new")})});
  fs::create_directories(target_);
  fs::create_symlink(victim_, target_ + "/sub");
  RestoreOptions options = to(target_);
  options.overwrite = Overwrite::never;
  EXPECT_THAT(made_.restore(root, options).errors, Not(IsEmpty()));
  expect_victim_untouched();
}

TEST_F(Hostile, PlantedLinksToFilesAreReplaced) {
  const BlobId root = made_.tree({made_.file("small", "precious"),
                                  made_.file("large", noise(50'000, 1), 5'000),
                                  made_.file("empty", "")});
  fs::create_directories(target_);
  for (const char* name : {"small", "large", "empty"}) {
    fs::create_symlink(victim_ + "/precious", target_ + "/" + name);
  }
  EXPECT_THAT(made_.restore(root, to(target_)).errors, IsEmpty());
  EXPECT_EQ(read_file(target_ + "/large"), noise(50'000, 1));
  EXPECT_FALSE(fs::is_symlink(target_ + "/small"));
  EXPECT_FALSE(fs::is_symlink(target_ + "/empty"));
  expect_victim_untouched();
}

TEST_F(Hostile, ADanglingLinkDoesNotMakeAFileElsewhere) {
  const BlobId root = made_.tree({made_.file("f", "pwned")});
  fs::create_directories(target_);
  fs::create_symlink(victim_ + "/new", target_ + "/f");
  EXPECT_THAT(made_.restore(root, to(target_)).errors, IsEmpty());
  EXPECT_FALSE(fs::exists(victim_ + "/new"));
  EXPECT_EQ(read_file(target_ + "/f"), "pwned");
}

TEST_F(Hostile, DeletingDoesNotFollowLinks) {
  const BlobId root = made_.tree({made_.folder("sub", {})});
  fs::create_directories(target_ + "/sub/deep");
  fs::create_symlink(victim_, target_ + "/sub/link");
  fs::create_symlink(victim_, target_ + "/sub/deep/link");
  RestoreOptions options = to(target_);
  options.delete_extra = DeleteExtra::yes;
  EXPECT_THAT(made_.restore(root, options).errors, IsEmpty());
  EXPECT_TRUE(fs::is_empty(target_ + "/sub"));
  expect_victim_untouched();
}

TEST_F(Hostile, HardLinksJoinOnlyWhatHasTheSameContent) {
  format::Node a = made_.file("a", "content");
  format::Node b = made_.file("b", "content");
  format::Node other = made_.file("other", "something else");
  for (format::Node* node : {&a, &b, &other}) {
    node->links = 3;
    node->inode = 42;
    node->device_id = 7;
  }
  const BlobId root = made_.tree({a, b, other});
  EXPECT_THAT(made_.restore(root, to(target_)).errors, IsEmpty());
  EXPECT_EQ(read_file(target_ + "/other"), "something else");
  struct stat first {};
  struct stat second {};
  struct stat third {};
  ASSERT_EQ(stat((target_ + "/a").c_str(), &first), 0);
  ASSERT_EQ(stat((target_ + "/b").c_str(), &second), 0);
  ASSERT_EQ(stat((target_ + "/other").c_str(), &third), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  EXPECT_NE(first.st_ino, third.st_ino);
}

TEST_F(Hostile, ADeepTreeNeedsNoLongPath) {
  // More bytes than a path may have, more folders than are kept open.
  BlobId tree = made_.tree({made_.file("end", "deep")});
  for (int i = 0; i < 400; ++i) {
    format::Node node = HandMade::plain("twelve bytes", format::NodeType::dir, 0755);
    node.mode |= format::kModeDir;
    node.subtree = tree;
    tree = made_.tree({node});
  }
  const RestoreReport report = made_.restore(tree, to(target_));
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.directories, 400U);
  EXPECT_EQ(report.files_restored, 1U);
}

}  // namespace
}  // namespace hikae::testing
