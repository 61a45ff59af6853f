// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "support/stock_restic.h"
#include "unit/source/walk.h"

namespace hikae {
namespace {

using testing::StockRestic;
using testing::write_file;

// All nodes of restic's newest snapshot, with what only a repository can know taken away.
class ResticSnapshot {
 public:
  explicit ResticSnapshot(const StockRestic& restic) : restic_(restic) {
    const std::string snapshot = restic.run("snapshots --json latest");
    const std::string key = "\"tree\":\"";
    read(snapshot.substr(snapshot.find(key) + key.size(), 64), "");
  }
  std::map<std::string, format::Node> nodes;

 private:
  void read(const std::string& id, const std::string& prefix) {
    const std::string json = restic_.run("cat blob " + id);
    for (format::Node& node : format::decode_tree(as_bytes(json))) {
      const std::string path = prefix + "/" + node.name;
      const auto subtree = node.subtree;
      node.subtree.reset();
      node.content.clear();
      nodes[path] = std::move(node);
      if (subtree) read(subtree->hex(), path);
    }
  }
  const StockRestic& restic_;
};

void create_specimens(const std::string& root) {
  write_file(root + "/plain", "content");
  write_file(root + "/names/\xff\x01\n\"\\", "x");
  write_file(root + "/names/カ\u3099\u200b", "x");
  ASSERT_EQ(chmod((root + "/plain").c_str(), 06755), 0);
  ASSERT_EQ(link((root + "/plain").c_str(), (root + "/hard link").c_str()), 0);
  ASSERT_EQ(symlink("plain", (root + "/symlink").c_str()), 0);
  ASSERT_EQ(mkfifo((root + "/pipe").c_str(), 0600), 0);
  ASSERT_EQ(chmod((root + "/names").c_str(), 03770), 0);
  const struct timespec times[2] = {{5, 0}, {-1234567890, 120000000}};
  ASSERT_EQ(utimensat(AT_FDCWD, (root + "/plain").c_str(), times, 0), 0);
  const struct timespec summer[2] = {{5, 0}, {1720000000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (root + "/pipe").c_str(), summer, 0), 0);
  setxattr((root + "/plain").c_str(), "user.note", "v\0w", 3, 0);
  setxattr((root + "/names").c_str(), "user.empty", "", 0, 0);
  // As root: an owner without a name, and a device.
  if (lchown((root + "/pipe").c_str(), 4000000, 4000001) == 0)
    mknod((root + "/device").c_str(), S_IFCHR | 0600, makedev(1, 3));
}

void compare(const std::map<std::string, format::Node>& ours,
             const std::map<std::string, format::Node>& theirs) {
  format::TreeEncoder encoder;
  const auto shown = [&](format::Node node) {
    if (node.type == format::NodeType::dir) node.subtree = BlobId{};
    encoder.add(node);
    return encoder.finish();
  };
  for (const auto& [path, node] : theirs) {
    ASSERT_EQ(ours.count(path), 1U) << path;
    EXPECT_EQ(ours.at(path), node)
        << path << "\nours   " << shown(ours.at(path)) << "theirs " << shown(node);
  }
  EXPECT_EQ(ours.size(), theirs.size());
}

class InFolder {
 public:
  explicit InFolder(const std::string& folder) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder);
  }
  ~InFolder() {
    std::error_code ignored;
    std::filesystem::current_path(before_, ignored);
  }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;

 private:
  std::filesystem::path before_;
};

class FilesVersusRestic : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!StockRestic::installed()) GTEST_SKIP() << "restic is not installed";
    // A zone with daylight saving, so that the offsets of two times differ.
    setenv("TZ", "Europe/Berlin", 1);
    restic_.emplace();
  }
  void TearDown() override { unsetenv("TZ"); }

  std::optional<StockRestic> restic_;
};

TEST_F(FilesVersusRestic, BuildsTheSameNodes) {
  const std::string root = restic_->source().string();
  create_specimens(root);
  FilesOptions options;
  options.working_directory = restic_->source().parent_path();
  options.paths = {"source"};
  const InFolder inside(options.working_directory);
  restic_->run("backup source");
  compare(testing::walk(options), ResticSnapshot(*restic_).nodes);
  options.access_times = AccessTimes::store;
  const format::Node pipe = testing::walk(options).at("/source/pipe");
  restic_->run("backup --force --with-atime source/pipe");
  EXPECT_EQ(ResticSnapshot(*restic_).nodes.at("/source/pipe"), pipe);
}

TEST_F(FilesVersusRestic, BuildsTheSameUpperFolders) {
  const std::string root = restic_->source().string();
  for (const char* file : {"work/foo/bar/1", "work/x", "next/y/2", "work/dot", "real/sub/3"})
    write_file(root + "/" + file, "x");
  ASSERT_EQ(symlink("real", (root + "/link").c_str()), 0);
  FilesOptions options;
  options.working_directory = root + "/work";
  options.paths = {
      "foo/bar", "./x", "../next/y", root + "/link/sub", root + "/link", "../work/foo"};
  std::string arguments = "backup";
  for (const std::string& path : options.paths) arguments += " '" + path + "'";
  const InFolder inside(options.working_directory);
  restic_->run(arguments);
  std::vector<std::string> theirs;
  std::istringstream lines(restic_->run("ls latest"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('/')) theirs.push_back(line.substr(1));
  }
  std::sort(theirs.begin(), theirs.end());
  EXPECT_EQ(testing::names_below(testing::walk(options)), theirs);
}

}  // namespace
}  // namespace hikae
