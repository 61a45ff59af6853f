// SPDX-License-Identifier: Apache-2.0
#include "os/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <numeric>

#include <gmock/gmock.h>

#include "base/error.h"
#include "os/file_lock.h"
#include "support/temp_dir.h"

namespace hikae::os {
namespace {

using hikae::testing::TempDir;
using hikae::testing::write_file;

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::io;
}

bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

TEST(Fd, ClosesOnceWhenItsOwnerGoes) {
  const TempDir dir;
  Fd first = open_file(dir / "a", O_CREAT | O_RDWR, 0600);
  const int number = first.get();
  {
    const Fd second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, IsNotInheritedByPrograms) {
  const TempDir dir;
  const Fd fd = open_file(dir / "a", O_CREAT | O_RDWR, 0600);
  EXPECT_EQ(fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST(Fd, OpenNamesTheFileAndTheReason) {
  try {
    open_file("/nowhere/at/all", O_RDONLY);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_EQ(render(error, Language::en),
              "Cannot open /nowhere/at/all: No such file or directory");
  }
}

TEST(ReadAndWrite, PiecesArriveInOrder) {
  const TempDir dir;
  const Fd fd = open_file(dir / "a", O_CREAT | O_RDWR, 0600);
  // More pieces than one writev takes, empty ones among them.
  std::string all(3 * IOV_MAX, 'x');
  std::iota(all.begin(), all.end(), '\0');
  std::vector<ByteView> pieces;
  for (std::size_t i = 0; i < all.size(); ++i) {
    pieces.push_back(as_bytes(all).subspan(i, 1));
    pieces.emplace_back();
  }
  write_all(fd.get(), pieces);
  Bytes back(all.size());
  pread_exactly(fd.get(), back, 0);
  EXPECT_EQ(as_text(back), all);
}

TEST(ReadAndWrite, PipeIsReadInSeveralParts) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  write_all(write_end.get(), as_bytes("first"));
  write_all(write_end.get(), as_bytes("second"));
  write_end.close();
  Bytes out(64);
  EXPECT_EQ(read_fully(read_end.get(), out), 11U);
  EXPECT_EQ(read_some(read_end.get(), out), 0U);
}

TEST(ReadAndWrite, EarlyEndIsAnError) {
  const TempDir dir;
  write_file(dir / "a", "12345");
  const Fd fd = open_file(dir / "a", O_RDONLY);
  Bytes out(6);
  EXPECT_EQ(code_of([&] { read_exactly(fd.get(), out); }), ErrorCode::io);
  EXPECT_EQ(code_of([&] { pread_exactly(fd.get(), out, 0); }), ErrorCode::io);
  EXPECT_EQ(pread_fully(fd.get(), out, 3), 2U);
}

TEST(ReadAndWrite, WritesAtAnOffset) {
  const TempDir dir;
  const Fd fd = open_file(dir / "a", O_CREAT | O_RDWR, 0600);
  pwrite_all(fd.get(), as_bytes("end"), 3);
  pwrite_all(fd.get(), as_bytes("beg"), 0);
  EXPECT_EQ(hikae::testing::read_file(dir / "a"), "begend");
}

TEST(ReadAndWrite, FullDeviceIsNoSpace) {
  const Fd fd = open_file("/dev/full", O_WRONLY);
  EXPECT_EQ(code_of([&] { write_all(fd.get(), as_bytes("x")); }), ErrorCode::no_space);
}

// "./././…" before the path makes it longer than PATH_MAX, which the step-wise way must handle.
class OpenBeneath : public ::testing::TestWithParam<bool> {
 protected:
  OpenBeneath() {
    write_file(dir_ / "root/a/b/file", "inside");
    write_file(dir_ / "outside/file", "outside");
    symlink("../outside", (dir_ / "root/relative").c_str());
    symlink((dir_ / "outside").c_str(), (dir_ / "root/absolute").c_str());
    symlink("a", (dir_ / "root/harmless").c_str());
    symlink("/etc/passwd", (dir_ / "root/a/link").c_str());
    root_ = open_file(dir_ / "root", O_PATH | O_DIRECTORY);
  }
  std::string path(const std::string& relative) const {
    if (!GetParam()) return relative;
    std::string prefix;
    while (prefix.size() < PATH_MAX) prefix += "./";
    return prefix + relative;
  }
  int error_of(const std::string& relative, int flags = O_RDONLY) const {
    const Fd fd = try_open_beneath(root_.get(), path(relative), flags, 0600);
    return fd ? 0 : errno;
  }

  TempDir dir_;
  Fd root_;
};

TEST_P(OpenBeneath, OpensWhatLiesInside) {
  const Fd fd = open_beneath(root_.get(), path("a/b//file"), O_RDONLY);
  Bytes out(6);
  read_exactly(fd.get(), out);
  EXPECT_EQ(as_text(out), "inside");
  EXPECT_EQ(error_of("", O_RDONLY | O_DIRECTORY), 0);
  EXPECT_EQ(error_of(".", O_RDONLY | O_DIRECTORY), 0);
}

TEST_P(OpenBeneath, CreatesFilesWithTheirMode) {
  const Fd fd = open_beneath(root_.get(), path("a/new"), O_WRONLY | O_CREAT | O_EXCL, 0640);
  struct stat status {};
  ASSERT_EQ(fstat(fd.get(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  EXPECT_EQ(error_of("a/new", O_WRONLY | O_CREAT | O_EXCL), EEXIST);
}

TEST_P(OpenBeneath, FollowsNoLink) {
  EXPECT_EQ(error_of("relative/file"), ELOOP);
  EXPECT_EQ(error_of("absolute/file"), ELOOP);
  EXPECT_EQ(error_of("harmless/b/file"), ELOOP);
  EXPECT_EQ(error_of("a/link"), ELOOP);
  EXPECT_EQ(error_of("relative", O_RDONLY | O_DIRECTORY), ELOOP);
  EXPECT_EQ(error_of("a/link", O_WRONLY | O_CREAT), ELOOP);
  EXPECT_EQ(code_of([&] { open_beneath(root_.get(), path("a/link"), O_RDONLY); }),
            ErrorCode::permission);
}

TEST_P(OpenBeneath, GoesNeitherUpNorElsewhere) {
  EXPECT_EQ(error_of(".."), EXDEV);
  EXPECT_EQ(error_of("a/../../outside/file"), EXDEV);
  EXPECT_EQ(error_of("a/b/.."), EXDEV);
  const Fd absolute = try_open_beneath(root_.get(), "/etc/passwd", O_RDONLY);
  EXPECT_FALSE(absolute);
  EXPECT_EQ(errno, EXDEV);
}

TEST_P(OpenBeneath, OpensALinkItselfWhenAsked) {
  const Fd fd = open_beneath(root_.get(), path("a/link"), O_PATH | O_NOFOLLOW);
  struct stat status {};
  ASSERT_EQ(fstat(fd.get(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
}

TEST_P(OpenBeneath, MissingAndWrongKindsAreToldApart) {
  EXPECT_EQ(error_of("a/missing"), ENOENT);
  EXPECT_EQ(error_of("missing/file"), ENOENT);
  EXPECT_EQ(error_of("a/b/file/deeper"), ENOTDIR);
}

INSTANTIATE_TEST_SUITE_P(Paths,
                         OpenBeneath,
                         ::testing::Values(false, true),
                         [](const auto& instance) { return instance.param ? "TooLong" : "Usual"; });

TEST(OpenBeneathDeep, ReachesDeeperThanPathMax) {
  const TempDir dir;
  const Fd root = open_file(dir.path().string(), O_PATH | O_DIRECTORY);
  const std::string name(200, 'd');
  std::string path;
  Fd at = open_file(dir.path().string(), O_PATH | O_DIRECTORY);
  for (int depth = 0; depth < 30; ++depth) {
    ASSERT_EQ(mkdirat(at.get(), name.c_str(), 0700), 0);
    at = try_open_at(at.get(), name, O_PATH | O_DIRECTORY);
    path += name + "/";
  }
  ASSERT_GT(path.size(), std::size_t{PATH_MAX});
  EXPECT_TRUE(open_beneath(root.get(), path + "file", O_WRONLY | O_CREAT, 0600));
  EXPECT_EQ(faccessat(at.get(), "file", F_OK, 0), 0);
}

TEST(FileLock, HasOneHolderUntilItGoes) {
  const TempDir dir;
  auto first = FileLock::try_acquire(dir / "lock");
  ASSERT_TRUE(first);
  EXPECT_FALSE(FileLock::try_acquire(dir / "lock"));
  first.reset();
  EXPECT_TRUE(FileLock::try_acquire(dir / "lock"));
}

TEST(FileLock, EndsWithTheProcessThatHeldIt) {
  const TempDir dir;
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = FileLock::try_acquire(dir / "lock");
    const char answer = lock ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(FileLock::try_acquire(dir / "lock"));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::try_acquire(dir / "lock"));
}

TEST(FileLock, NeedsItsFolder) {
  EXPECT_EQ(code_of([] { FileLock::try_acquire("/nowhere/lock"); }), ErrorCode::not_found);
}

}  // namespace
}  // namespace hikae::os
