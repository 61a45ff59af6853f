// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "support.h"
#include "support/compare_trees.h"
#include "support/temp_dir.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
  return status;
}

std::vector<std::string> rendered(const RestoreReport& report) {
  std::vector<std::string> lines;
  for (const RestoreItemError& error : report.errors) {
    lines.push_back(error.path + ": " + render(error.message, Language::en));
  }
  return lines;
}

TEST(RestoreMetadata, SetsTimesToTheNanosecond) {
  HandMade made;
  format::Node old = made.file("old", "x");
  old.mtime = {-1'000'000'000, 999'999'999, 0};
  const BlobId root = made.tree({made.file("file", "x"),
                                 made.file("large", noise(30'000, 1), 1'000),
                                 old,
                                 made.folder("folder", {made.file("inside", "y")}),
                                 HandMade::symlink("link", "nowhere")});
  const TempDir folder;
  EXPECT_THAT(rendered(made.restore(root, to(folder / "out"))), IsEmpty());
  for (const char* name : {"file", "large", "folder", "folder/inside", "link"}) {
    const struct stat status = status_of(folder / (std::string("out/") + name));
    EXPECT_EQ(status.st_mtim.tv_sec, kSomeTime) << name;
    EXPECT_EQ(status.st_mtim.tv_nsec, 123456789) << name;
    EXPECT_EQ(status.st_atim.tv_sec, kSomeTime + 1) << name;
    EXPECT_EQ(status.st_atim.tv_nsec, 987654321) << name;
  }
  EXPECT_EQ(status_of(folder / "out/old").st_mtim.tv_sec, -1'000'000'000);
  EXPECT_EQ(status_of(folder / "out/old").st_mtim.tv_nsec, 999'999'999);
}

TEST(RestoreMetadata, SetsModesWithSetuidAfterTheOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  HandMade made;
  std::vector<format::Node> nodes;
  for (const std::uint32_t mode : {04755U, 02755U, 01644U, 0000U, 06711U}) {
    format::Node node = made.file(std::to_string(mode), "x");
    node.mode = (mode & 0777U) | ((mode & 04000U) != 0 ? format::kModeSetuid : 0) |
                ((mode & 02000U) != 0 ? format::kModeSetgid : 0) |
                ((mode & 01000U) != 0 ? format::kModeSticky : 0);
    node.uid = 1234;
    node.gid = 5678;
    nodes.push_back(node);
  }
  const BlobId root = made.tree(nodes);
  const TempDir folder;
  EXPECT_THAT(rendered(made.restore(root, to(folder / "out"))), IsEmpty());
  for (const std::uint32_t mode : {04755U, 02755U, 01644U, 0000U, 06711U}) {
    const struct stat status = status_of(folder / ("out/" + std::to_string(mode)));
    EXPECT_EQ(status.st_mode & 07777U, mode);
    EXPECT_EQ(status.st_uid, 1234U);
    EXPECT_EQ(status.st_gid, 5678U);
  }
}

TEST(RestoreMetadata, LendsNobodyElsesIdentity) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  HandMade made;
  format::Node node = made.file("program", "x");
  node.mode = 0755 | format::kModeSetuid | format::kModeSetgid;
  node.uid = 1234;
  const BlobId root = made.tree({node});
  const TempDir folder;
  RestoreOptions options = to(folder / "out");
  options.ownership = Ownership::none;
  EXPECT_THAT(rendered(made.restore(root, options)), IsEmpty());
  const struct stat status = status_of(folder / "out/program");
  EXPECT_EQ(status.st_uid, 0U);
  // The group is the stored one, so that its bit may stay.
  EXPECT_EQ(status.st_mode & 07777U, 02755U);
}

TEST(RestoreMetadata, FindsOwnersByName) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const struct passwd* daemon = getpwnam("daemon");
  ASSERT_NE(daemon, nullptr);
  const uid_t uid = daemon->pw_uid;
  const gid_t gid = daemon->pw_gid;
  HandMade made;
  format::Node known = made.file("known", "x");
  known.uid = 54321;
  known.gid = 54321;
  known.user = "daemon";
  known.group = "daemon";
  format::Node unknown = known;
  unknown.name = "unknown";
  unknown.user = "nobody-has-this-name";
  unknown.group = "nobody-has-this-name";
  const BlobId root = made.tree({known, unknown});
  const TempDir folder;
  RestoreOptions options = to(folder / "out");
  options.ownership = Ownership::by_name;
  EXPECT_THAT(rendered(made.restore(root, options)), IsEmpty());
  EXPECT_EQ(status_of(folder / "out/known").st_uid, uid);
  EXPECT_EQ(status_of(folder / "out/known").st_gid, gid);
  EXPECT_EQ(status_of(folder / "out/unknown").st_uid, 54321U);
  EXPECT_EQ(status_of(folder / "out/unknown").st_gid, 54321U);
}

TEST(RestoreMetadata, SetsAndRemovesExtendedAttributes) {
  HandMade made;
  format::Node node = made.file("f", "same");
  node.extended_attributes = {{"user.wanted", to_bytes(std::string_view("v\0w", 3))}};
  const BlobId root = made.tree({node});
  const TempDir folder;
  const std::string path = folder / "out/f";
  write_file(path, "same");
  ASSERT_EQ(setxattr(path.c_str(), "user.unwanted", "x", 1, 0), 0);
  EXPECT_THAT(rendered(made.restore(root, to(folder / "out"))), IsEmpty());
  EXPECT_THAT(read_xattrs(path), UnorderedElementsAre(Pair("user.wanted", std::string("v\0w", 3))));
}

TEST(RestoreMetadata, DoesNotInheritTheTargetsAcl) {
  HandMade made;
  const BlobId root = made.tree({made.file("f", "x"), made.folder("sub", {made.file("g", "y")})});
  const TempDir folder;
  fs::create_directories(folder / "out");
  const char acl[] =
      "\x02\0\0\0\x01\0\x07\0\xff\xff\xff\xff\x02\0\x07\0\xd2\x04\0\0\x04\0\x05\0\xff\xff\xff\xff"
      "\x10\0\x07\0\xff\xff\xff\xff\x20\0\x05\0\xff\xff\xff\xff";
  const std::string out = folder / "out";
  ASSERT_EQ(setxattr(out.c_str(), "system.posix_acl_default", acl, sizeof acl - 1, 0), 0);
  EXPECT_THAT(rendered(made.restore(root, to(out))), IsEmpty());
  for (const char* name : {"/f", "/sub", "/sub/g"}) {
    EXPECT_THAT(read_xattrs(out + name), IsEmpty()) << name;
  }
  EXPECT_EQ(status_of(out + "/f").st_mode & 07777U, 0644U);
}

TEST(RestoreMetadata, AFailingAttributeIsAnItemError) {
  if (geteuid() != 0) GTEST_SKIP() << "an ordinary user's lack of permission is no error";
  HandMade made;
  format::Node node = made.file("f", "x");
  node.extended_attributes = {{"nonsense.name", to_bytes("x")}, {"user.good", to_bytes("y")}};
  const BlobId root = made.tree({node});
  const TempDir folder;
  const RestoreReport report = made.restore(root, to(folder / "out"));
  ASSERT_THAT(report.errors, SizeIs(1));
  EXPECT_EQ(report.errors[0].path, "/f");
  // All the rest is restored.
  EXPECT_EQ(read_file(folder / "out/f"), "x");
  EXPECT_THAT(read_xattrs(folder / "out/f"), UnorderedElementsAre(Pair("user.good", "y")));
  EXPECT_EQ(status_of(folder / "out/f").st_mtim.tv_sec, kSomeTime);
}

TEST(RestoreMetadata, MakesFifosAndDevices) {
  HandMade made;
  format::Node fifo = HandMade::plain("fifo", format::NodeType::fifo, 0640 | format::kModeFifo);
  const format::Node socket =
      HandMade::plain("socket", format::NodeType::socket, 0755 | format::kModeSocket);
  std::vector<format::Node> nodes = {fifo, socket};
  if (geteuid() == 0) {
    format::Node null = HandMade::plain(
        "null", format::NodeType::chardev, 0666 | format::kModeDevice | format::kModeCharDevice);
    null.device = 0x103;
    nodes.push_back(null);
  }
  const BlobId root = made.tree(nodes);
  const TempDir folder;
  EXPECT_THAT(rendered(made.restore(root, to(folder / "out"))), IsEmpty());
  EXPECT_EQ(status_of(folder / "out/fifo").st_mode, mode_t{S_IFIFO | 0640});
  EXPECT_EQ(status_of(folder / "out/fifo").st_mtim.tv_nsec, 123456789);
  EXPECT_FALSE(fs::exists(folder / "out/socket"));
  if (geteuid() == 0) {
    EXPECT_EQ(status_of(folder / "out/null").st_mode, mode_t{S_IFCHR | 0666});
    EXPECT_EQ(status_of(folder / "out/null").st_rdev, dev_t{0x103});
  }
}

TEST(RestoreMetadata, AnOrdinaryUserRestoresWhatHeMay) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
  HandMade made;
  format::Node theirs = made.file("theirs", "x");
  theirs.uid = 1234;
  theirs.gid = 5678;
  theirs.mode = 0755 | format::kModeSetuid | format::kModeSetgid;
  theirs.extended_attributes = {{"trusted.secret", to_bytes("x")}};
  format::Node closed = made.folder("closed", {made.file("inside", "y")});
  closed.mode = 0500 | format::kModeDir;
  const BlobId root = made.tree({theirs, closed});
  made.commit();
  const TempDir folder;
  ASSERT_EQ(chown(folder.path().c_str(), 65534, 65534), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
    _exit(made.restore(root, to(folder / "out")).errors.empty() ? 0 : 1);
  }
  int outcome = 0;
  ASSERT_EQ(waitpid(child, &outcome, 0), child);
  EXPECT_EQ(outcome, 0);
  EXPECT_EQ(read_file(folder / "out/theirs"), "x");
  EXPECT_EQ(status_of(folder / "out/theirs").st_uid, 65534U);
  EXPECT_EQ(status_of(folder / "out/theirs").st_mode & 07777U, 0755U);
  EXPECT_EQ(status_of(folder / "out/closed").st_mode & 07777U, 0500U);
  EXPECT_EQ(read_file(folder / "out/closed/inside"), "y");
}

}  // namespace
}  // namespace hikae::testing
