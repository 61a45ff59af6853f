// SPDX-License-Identifier: Apache-2.0
// What the local backend promises beyond the contract that tests/conformance checks.
#include "storage/local.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>

#include "base/error.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

using hikae::testing::TempDir;
using hikae::testing::write_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

const std::string kName = "3f" + std::string(62, 'a');
const FileHandle kPack{FileType::pack, kName};
const FileHandle kConfig{FileType::config, ""};
const FileHandle kPolicy{FileType::policy, kName};

unsigned mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) found.push_back(fs::relative(entry.path(), folder).string());
  }
  return found;
}

class LocalTest : public ::testing::Test {
 protected:
  LocalTest() : path_(dir_ / "repository"), backend_(path_, AccessMode::read_write) {}

  void save(const FileHandle& file, std::string_view content) {
    backend_.save(file, as_bytes(content), {});
  }
  template <typename Function>
  Error error_of(Function call) {
    try {
      call();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorCode::invalid_argument, text("storage.injected")};
  }

  TempDir dir_;
  std::string path_;
  LocalBackend backend_;
};

TEST_F(LocalTest, MakesResticsFolders) {
  backend_.create_layout({});
  for (const char* folder :
       {"data/00", "data/7a", "data/ff", "keys", "locks", "snapshots", "index"})
    EXPECT_EQ(mode_of(path_ + "/" + folder), 0700U);
  EXPECT_FALSE(fs::exists(path_ + "/hikae")) << "made when it is needed";
  EXPECT_THAT(files_below(path_), IsEmpty());
}

TEST_F(LocalTest, FinishedFilesAreReadOnlyForTheirOwnerAlone) {
  backend_.create_layout({});
  const mode_t before = umask(0);
  save(kConfig, "x");
  save(kPack, "y");
  save(kPolicy, "z");
  umask(before);
  EXPECT_EQ(mode_of(path_ + "/config"), 0400U);
  EXPECT_EQ(mode_of(path_ + "/data/3f/" + kName), 0400U);
  EXPECT_EQ(mode_of(path_ + "/hikae"), 0700U);
  EXPECT_EQ(mode_of(path_ + "/hikae/policies"), 0700U);
}

TEST_F(LocalTest, FollowsARepositoryThatItsGroupMayRead) {
  backend_.create_layout({});
  save(kConfig, "x");
  ASSERT_EQ(chmod((path_ + "/config").c_str(), 0440), 0);
  LocalBackend later(path_, AccessMode::read_write);
  const mode_t before = umask(0);
  later.save(kPack, as_bytes("y"), {});
  later.save(kPolicy, as_bytes("z"), {});
  umask(before);
  EXPECT_EQ(mode_of(path_ + "/data/3f/" + kName), 0440U);
  EXPECT_EQ(mode_of(path_ + "/hikae/policies"), 0770U);
}

TEST_F(LocalTest, MakesFoldersThatACopyingToolLeftOut) {
  backend_.create_layout({});
  save(kConfig, "x");
  fs::remove_all(path_ + "/data/3f");
  fs::remove_all(path_ + "/locks");
  int locks = 0;
  backend_.list(FileType::lock, [&](const FileInfo&) { ++locks; }, {});
  EXPECT_EQ(locks, 0);
  save(kPack, "y");
  save({FileType::lock, kName}, "z");
  EXPECT_THAT(files_below(path_),
              ::testing::UnorderedElementsAre("config", "data/3f/" + kName, "locks/" + kName));
}

// The share is not mounted, and what lies there is the empty mount point.
TEST_F(LocalTest, FillsNoEmptyMountPoint) {
  fs::create_directory(path_);
  for (const FileHandle& file : {kPack, kPolicy, FileHandle{FileType::key, kName}}) {
    const Error error = error_of([&] { save(file, "x"); });
    EXPECT_EQ(error.code(), ErrorCode::no_repository);
    EXPECT_TRUE(error.hint());
  }
  EXPECT_EQ(error_of([&] { backend_.list(FileType::snapshot, [](const FileInfo&) {}, {}); }).code(),
            ErrorCode::no_repository);
  EXPECT_THAT(fs::directory_iterator(path_), fs::directory_iterator());
}

TEST_F(LocalTest, MissingFolderIsNoRepositoryAndIsNotMade) {
  EXPECT_EQ(error_of([&] { save(kPack, "x"); }).code(), ErrorCode::no_repository);
  EXPECT_EQ(error_of([&] { backend_.load(kConfig, {}); }).code(), ErrorCode::no_repository);
  EXPECT_EQ(error_of([&] { backend_.list(FileType::key, [](const FileInfo&) {}, {}); }).code(),
            ErrorCode::no_repository);
  EXPECT_EQ(backend_.size(kConfig, {}), std::nullopt);
  EXPECT_EQ(backend_.space(), std::nullopt);
  EXPECT_TRUE(backend_.is_empty({}));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(LocalTest, FolderThatVanishesIsNotTakenForMissingFiles) {
  backend_.create_layout({});
  save(kConfig, "x");
  save(kPack, "y");
  fs::remove_all(path_);
  EXPECT_EQ(error_of([&] { backend_.load(kPack, {}); }).code(), ErrorCode::not_mounted);
  EXPECT_EQ(error_of([&] { backend_.size(kPack, {}); }).code(), ErrorCode::not_mounted);
  EXPECT_EQ(error_of([&] { backend_.remove(kPack, {}); }).code(), ErrorCode::not_mounted);
  EXPECT_EQ(error_of([&] { save(kPack, "z"); }).code(), ErrorCode::not_mounted);
  EXPECT_EQ(error_of([&] { backend_.list(FileType::pack, [](const FileInfo&) {}, {}); }).code(),
            ErrorCode::not_mounted);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(LocalTest, IsEmptyLooksPastLostAndFoundAndAnEmptyLayout) {
  fs::create_directories(path_ + "/lost+found");
  EXPECT_TRUE(backend_.is_empty({}));
  backend_.create_layout({});
  EXPECT_TRUE(backend_.is_empty({})) << "an interrupted init may be repeated";
  write_file(path_ + "/data/00/something", "");
  EXPECT_FALSE(backend_.is_empty({}));
  fs::remove(path_ + "/data/00/something");
  fs::create_directory(path_ + "/other");
  EXPECT_FALSE(backend_.is_empty({})) << "another's folder";
}

TEST_F(LocalTest, AFileInItsPlaceIsAnError) {
  write_file(path_, "not a folder");
  EXPECT_THROW(backend_.is_empty({}), Error);
  EXPECT_THROW(backend_.create_layout({}), Error);
}

TEST_F(LocalTest, ListsOnlyRepositoryFiles) {
  backend_.create_layout({});
  save(kPack, "x");
  write_file(path_ + "/data/3f/" + kName + "-tmp-123", "half");
  write_file(path_ + "/data/3f/README", "note");
  write_file(path_ + "/data/00/" + kName, "in another's folder");
  write_file(path_ + "/data/zz/" + kName, "in no folder of ours");
  fs::create_directory(path_ + "/data/3f/3f" + std::string(62, 'b'));
  std::vector<std::string> names;
  backend_.list(FileType::pack,
                [&](const FileInfo& info) {
                  names.push_back(info.name);
                  EXPECT_TRUE(info.modified);
                },
                {});
  EXPECT_THAT(names, ElementsAre(kName));
}

TEST_F(LocalTest, RemovesOldLeftoversOfEachFolderAndNothingElse) {
  backend_.create_layout({});
  save(kConfig, "x");
  save(kPolicy, "p");
  const std::string old_ones[] = {"config-tmp-0011223344556677",
                                  "keys/" + kName + "-tmp-1",
                                  "data/3f/" + kName + "-tmp-123456",
                                  "hikae/policies/" + kName + "-tmp-ab"};
  for (const std::string& name : old_ones) write_file(path_ + "/" + name, "half");
  const std::string kept[] = {"notes-tmp-1", "data/3f/" + kName + "-backup", "keys/" + kName};
  for (const std::string& name : kept) write_file(path_ + "/" + name, "other");
  const timespec two_days_ago{time(nullptr) - 2 * 86400, 0};
  const std::array<timespec, 2> times{two_days_ago, two_days_ago};
  for (const std::string& file : files_below(path_))
    ASSERT_EQ(utimensat(AT_FDCWD, (path_ + "/" + file).c_str(), times.data(), 0), 0);
  const std::string young = "snapshots/" + kName + "-tmp-1";
  write_file(path_ + "/" + young, "being written");

  EXPECT_EQ(backend_.remove_leftovers(std::chrono::hours(24), {}), 4U);
  EXPECT_THAT(files_below(path_),
              ::testing::UnorderedElementsAre(
                  "config", "hikae/policies/" + kName, kept[0], kept[1], kept[2], young));
}

TEST_F(LocalTest, NothingIsLeftWhenAWriteFailsMidway) {
  backend_.create_layout({});
  const std::string content(64 * 1024, 'x');
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{16 * 1024, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  const Error error = error_of([&] { save(kPack, content); });
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_THAT(files_below(path_), IsEmpty());
  save(kPack, content);
  EXPECT_EQ(backend_.size(kPack, {}), content.size());
}

TEST_F(LocalTest, ANamedPipeInThePlaceOfAFileStopsNobody) {
  backend_.create_layout({});
  ASSERT_EQ(mkfifo((path_ + "/data/3f/" + kName).c_str(), 0600), 0);
  Bytes out(1);
  EXPECT_EQ(error_of([&] { backend_.load(kPack, {}); }).code(), ErrorCode::corrupt);
  EXPECT_EQ(error_of([&] { backend_.load_range(kPack, 0, out, {}); }).code(), ErrorCode::corrupt);
}

TEST_F(LocalTest, KeepsFewFilesOpen) {
  backend_.create_layout({});
  Bytes out(1);
  const auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = open_files();
  for (unsigned i = 0; i < 200; ++i) {
    const FileHandle file{FileType::pack, "3f" + std::string(58, 'a') + std::to_string(1000 + i)};
    write_file(path_ + "/" + path_of(file), "x");
    backend_.load_range(file, 0, out, {});
  }
  EXPECT_LE(open_files() - before, 64);
}

TEST_F(LocalTest, TellsItsSpace) {
  backend_.create_layout({});
  const auto space = backend_.space();
  ASSERT_TRUE(space);
  EXPECT_GT(space->total_bytes, 0U);
  EXPECT_LE(space->free_bytes, space->total_bytes);
}

TEST_F(LocalTest, ForbiddenFolderNamesItsUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  backend_.create_layout({});
  ASSERT_EQ(chmod(dir_.path().c_str(), 0755), 0);
  ASSERT_EQ(seteuid(65534), 0);
  LocalBackend other(path_, AccessMode::read_write);
  const Error error = error_of([&] { other.load(kConfig, {}); });
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_EQ(error.code(), ErrorCode::permission);
  ASSERT_TRUE(error.hint());
  EXPECT_THAT(render(*error.hint(), Language::en), HasSubstr("nobody"));
}

// A file system of one MiB.
class SmallDiskTest : public LocalTest {
 protected:
  void SetUp() override {
    fs::create_directory(path_);
    if (mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0)
      GTEST_SKIP() << "mounting a tmpfs is not permitted here: " << std::strerror(errno);
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted_ = false;
};

TEST_F(SmallDiskTest, FullDiskIsSaidClearlyAndLeavesNothing) {
  backend_.create_layout({});
  save(kConfig, "x");
  const Error error = error_of([&] { save(kPack, std::string(2 << 20, 'x')); });
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_EQ(error.retry(), Retry::no);
  EXPECT_THAT(render(error, Language::en), HasSubstr("saving data/3f/" + kName));
  EXPECT_THAT(render(error, Language::en), HasSubstr("No space left on device"));
  ASSERT_TRUE(error.hint());
  EXPECT_THAT(render(*error.hint(), Language::ja), HasSubstr(path_));
  EXPECT_THAT(files_below(path_), ElementsAre("config"));
  save(kPack, "small enough");
}

TEST_F(SmallDiskTest, ReadOnlyDiskIsSaidClearly) {
  backend_.create_layout({});
  save(kPack, "x");
  ASSERT_EQ(mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const FileHandle key{FileType::key, kName};
  for (const Error& error :
       {error_of([&] { save(key, "x"); }), error_of([&] { backend_.remove(kPack, {}); })}) {
    EXPECT_EQ(error.code(), ErrorCode::read_only);
    EXPECT_TRUE(error.hint());
  }
  EXPECT_EQ(as_text(backend_.load(kPack, {})), "x");
}

TEST_F(SmallDiskTest, NothingIsWrittenBeneathADiskThatWentAway) {
  backend_.create_layout({});
  save(kConfig, "x");
  // As an unplugged disk or an administrator's umount -l: the empty mount point appears.
  ASSERT_EQ(umount2(path_.c_str(), MNT_DETACH), 0);
  mounted_ = false;
  try {
    save(kPack, "y");
  } catch (const Error&) {
    // Either is right: written to the file system that was opened, or refused.
  }
  EXPECT_THAT(files_below(path_), IsEmpty());
  LocalBackend fresh(path_, AccessMode::read_write);
  EXPECT_EQ(error_of([&] { fresh.save(kPack, as_bytes("y"), {}); }).code(),
            ErrorCode::no_repository);
  EXPECT_THAT(files_below(path_), IsEmpty());
}

}  // namespace
}  // namespace hikae
