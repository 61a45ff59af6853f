// SPDX-License-Identifier: Apache-2.0
// Stock restic backs up a tree that has everything a Linux folder can hold; we restore it and
// compare.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

#include "base/error.h"
#include "repository/repository.h"
#include "repository/snapshots.h"
#include "restore/pipeline.h"
#include "storage/local.h"
#include "support/compare_trees.h"
#include "support/temp_dir.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;

namespace fs = std::filesystem;

void set_times(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void set_xattr(const std::string& path, const std::string& name, const std::string& value) {
  // File systems without extended attributes are compared without them.
  if (lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0) {
    ASSERT_EQ(errno, ENOTSUP) << path << ' ' << name;
  }
}

// version, then tag:uint16 permissions:uint16 id:uint32 for user::rw-, user:1234:r--, group::r--,
// mask::r--, other::---.
std::string access_control_list() {
  const char bytes[] =
      "\x02\0\0\0"
      "\x01\0\x06\0\xff\xff\xff\xff"
      "\x02\0\x04\0\xd2\x04\0\0"
      "\x04\0\x04\0\xff\xff\xff\xff"
      "\x10\0\x04\0\xff\xff\xff\xff"
      "\x20\0\0\0\xff\xff\xff\xff";
  return {bytes, sizeof bytes - 1};
}

std::string pattern(std::size_t size) {
  std::string text;
  for (std::uint32_t i = 0; text.size() < size; ++i) text += std::to_string(i * 2654435761U) + ' ';
  text.resize(size);
  return text;
}

void make_names(const std::string& root) {
  for (const char* name : {"plain",
                           "with space",
                           "quote\"and\\backslash",
                           "new\nline\ttab",
                           "\x01\x7f control",
                           "invalid\xff\xfe utf8",
                           "日本語ファイル",
                           "\xe3\x81\xab\xe3\x82\x99 NFD",
                           "\xe3\x81\xb0 NFC",
                           "-dash",
                           "*?[glob]",
                           "😀"}) {
    write_file(root + "/names/" + name, std::string("content of ") + name);
  }
  write_file(root + "/names/" + std::string(255, 'n'), "long");
}

void make_files(const std::string& root) {
  write_file(root + "/files/empty", "");
  write_file(root + "/files/large", pattern(9'000'000));
  write_file(root + "/files/zeros", std::string(3'000'000, '\0'));
  const int sparse = open((root + "/files/sparse").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_EQ(pwrite(sparse, "end", 3, 5'000'000), 3);
  close(sparse);
  write_file(root + "/files/linked", "several names");
  fs::create_directories(root + "/more");
  fs::create_hard_link(root + "/files/linked", root + "/files/linked again");
  fs::create_hard_link(root + "/files/linked", root + "/more/linked elsewhere");
}

void make_modes(const std::string& root) {
  for (const mode_t mode : {0000U, 0400U, 0644U, 0777U, 01644U, 02755U, 04755U, 06711U}) {
    const std::string path = root + "/modes/" + std::to_string(mode);
    write_file(path, "x");
    chmod(path.c_str(), mode);
  }
  for (const mode_t mode : {0500U, 0700U, 01777U, 02775U}) {
    const std::string path = root + "/modes/folder " + std::to_string(mode);
    write_file(path + "/inside", "x");
    chmod(path.c_str(), mode);
  }
  if (geteuid() == 0) {
    const std::string path = root + "/modes/owned";
    write_file(path, "x");
    ASSERT_EQ(chown(path.c_str(), 1234, 5678), 0);
    chmod(path.c_str(), 06755);
  }
}

void make_specials(const std::string& root) {
  fs::create_directories(root + "/specials");
  fs::create_symlink("/nowhere/日本語\n", root + "/specials/dangling");
  fs::create_symlink("../files", root + "/specials/relative");
  ASSERT_EQ(mkfifo((root + "/specials/fifo").c_str(), 0640), 0);
  if (geteuid() == 0) {
    mknod((root + "/specials/null").c_str(), S_IFCHR | 0666, makedev(1, 3));
    mknod((root + "/specials/block").c_str(), S_IFBLK | 0660, makedev(7, 300));
    ASSERT_EQ(lchown((root + "/specials/dangling").c_str(), 1234, 5678), 0);
  }
}

void make_attributes(const std::string& root) {
  write_file(root + "/attributes/file", "x");
  set_xattr(root + "/attributes/file", "user.comment", std::string("bin\0ary", 7));
  set_xattr(root + "/attributes/file", "user.empty", "");
  set_xattr(root + "/attributes", "user.folder", "yes");
  write_file(root + "/attributes/acl", "x");
  set_xattr(root + "/attributes/acl", "system.posix_acl_access", access_control_list());
  write_file(root + "/attributes/inheriting/inside", "x");
  set_xattr(root + "/attributes/inheriting", "system.posix_acl_default", access_control_list());
  if (geteuid() == 0) {
    set_xattr(root + "/attributes/file", "trusted.secret", "t");
  }
}

void make_times(const std::string& root) {
  const std::pair<const char*, std::pair<std::int64_t, long>> times[] = {
      {"1969", {-86'400 * 40, 123'456'789}},
      {"epoch", {0, 0}},
      {"odd", {1'234'567'890, 1}},
      {"2100", {4'102'444'800, 999'999'999}}};
  for (const auto& [name, time] : times) {
    write_file(root + "/times/" + name, name);
    set_times(root + "/times/" + name, time.first, time.second);
  }
  set_times(root + "/specials/dangling", 1'000'000'000, 7);
  set_times(root + "/specials/fifo", 1'000'000'001, 8);
  set_times(root + "/more", 1'000'000'002, 9);
  set_times(root + "/times", 1'000'000'003, 10);
}

void make_nasty_tree(const std::string& root) {
  make_names(root);
  make_files(root);
  make_modes(root);
  make_specials(root);
  make_attributes(root);
  make_times(root);
}

void run(const std::string& command) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): tests start it from one thread
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

// Made once per version of the format, since each call of restic derives a key.
class Backup {
 public:
  explicit Backup(int version) {
    make_nasty_tree(source());
    const std::string restic =
        "RESTIC_PASSWORD=secret restic --no-cache -q -r '" + repository() + "' ";
    run(restic + "init --repository-version " + std::to_string(version));
    run("cd '" + source() + "' && " + restic + "backup .");
  }
  std::string source() const { return folder_ / "source"; }
  std::string repository() const { return folder_ / "repository"; }

 private:
  TempDir folder_;
};

class ResticWrites : public ::testing::TestWithParam<int> {
 protected:
  ResticWrites() : backup_(backup(GetParam())), source_(backup_.source()) {}

  RestoreReport restore(RestoreOptions options) {
    auto backend = std::make_unique<LocalBackend>(backup_.repository(), AccessMode::read_only);
    const auto repository = Repository::open(std::move(backend), Secret("secret"), {});
    const Index index = repository->load_index({});
    NullLog log;
    const auto snapshots = repository->load_snapshots(log, {});
    RestoreProgress progress;
    options.target = target_;
    return run_restore(
        *repository, index, snapshots.back().snapshot.tree, options, progress, log, {});
  }

  static const Backup& backup(int version) {
    static const Backup kOne(1);
    static const Backup kTwo(2);
    return version == 1 ? kOne : kTwo;
  }

  const Backup& backup_;
  std::string source_;
  TempDir folder_;
  std::string target_ = folder_ / "target";
};

TEST_P(ResticWrites, AndWeRestoreTheSameTree) {
  RestoreOptions options;
  options.verify = VerifyAfter::yes;
  const RestoreReport report = restore(options);
  for (const RestoreItemError& error : report.errors) {
    ADD_FAILURE() << error.path << ": " << render(error.message, Language::en);
  }
  EXPECT_THAT(compare_trees(source_, target_), IsEmpty());
  EXPECT_GT(report.files_verified, 30U);
}

TEST_P(ResticWrites, AndWeRepairATreeInPlace) {
  ASSERT_THAT(restore({}).errors, IsEmpty());
  write_file(target_ + "/files/large", "damaged");
  write_file(target_ + "/extra/file", "x");
  fs::remove_all(target_ + "/names");
  fs::remove(target_ + "/specials/relative");
  fs::create_directory(target_ + "/specials/relative");
  fs::remove(target_ + "/attributes/file");
  fs::create_symlink("../files/empty", target_ + "/attributes/file");
  RestoreOptions options;
  options.overwrite = Overwrite::if_changed;
  options.delete_extra = DeleteExtra::yes;
  EXPECT_THAT(restore(options).errors, IsEmpty());
  EXPECT_THAT(compare_trees(source_, target_), IsEmpty());
}

TEST_P(ResticWrites, AndWeRestoreSparsely) {
  RestoreOptions options;
  options.sparse = Sparse::yes;
  EXPECT_THAT(restore(options).errors, IsEmpty());
  EXPECT_THAT(compare_trees(source_, target_), IsEmpty());
  struct stat status {};
  ASSERT_EQ(stat((target_ + "/files/sparse").c_str(), &status), 0);
  EXPECT_LE(status.st_blocks * 512, 16384);
}

INSTANTIATE_TEST_SUITE_P(Versions, ResticWrites, ::testing::Values(1, 2));

}  // namespace
}  // namespace hikae::testing
