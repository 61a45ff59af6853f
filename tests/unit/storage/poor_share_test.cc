// SPDX-License-Identifier: Apache-2.0
// Shares that cannot do all that a local file system can: no rename that keeps what is there (NFS),
// no hard links either (FAT, many SMB servers), no fsync of folders, writes that take only a part.
// The kernel of a test machine may know none of them, so the system calls of this program are made
// to answer so: what is defined here stands before the C library's own.
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/units.h"
#include "concurrency/task_group.h"
#include "storage/local.h"
#include "support/temp_dir.h"

namespace {

// Error numbers that the calls answer with; 0: as the system does. Any thread.
struct Poor {
  std::atomic<int> rename{0};
  std::atomic<int> link{0};
  std::atomic<int> sync{0};
  std::atomic<std::size_t> written{0};  // most bytes that one write takes; 0: all
  std::atomic<int> answered{0};
};
Poor& poor() {
  static Poor the_poor;
  return the_poor;
}
bool refuses(int error_number) {
  if (error_number == 0) return false;
  ++poor().answered;
  errno = error_number;
  return true;
}

}  // namespace

extern "C" {

int renameat2(
    int from, const char* old_name, int to, const char* new_name, unsigned flags) noexcept {
  if (refuses(poor().rename)) return -1;
  return static_cast<int>(syscall(SYS_renameat2, from, old_name, to, new_name, flags));
}
int linkat(int from, const char* old_name, int to, const char* new_name, int flags) noexcept {
  if (refuses(poor().link)) return -1;
  return static_cast<int>(syscall(SYS_linkat, from, old_name, to, new_name, flags));
}
int fsync(int fd) {
  if (refuses(poor().sync)) return -1;
  return static_cast<int>(syscall(SYS_fsync, fd));
}
ssize_t writev(int fd, const struct iovec* pieces, int count) {
  const std::size_t most = poor().written;
  if (most == 0 || count == 0) return syscall(SYS_writev, fd, pieces, count);
  ++poor().answered;
  return syscall(SYS_write, fd, pieces->iov_base, std::min(most, pieces->iov_len));
}

ssize_t write(int fd, const void* from, size_t size) {
  const std::size_t most = poor().written;
  if (most == 0) return syscall(SYS_write, fd, from, size);
  ++poor().answered;
  return syscall(SYS_write, fd, from, std::min(most, size));
}

}  // extern "C"

namespace hikae {
namespace {

FileHandle pack(unsigned number) {
  const std::string digits = std::to_string(number);
  return {FileType::pack, std::string(64 - digits.size(), 'a') + digits};
}

class PoorShare : public ::testing::Test {
 protected:
  PoorShare() { backend_.create_layout({}); }
  ~PoorShare() override {
    poor().rename = poor().link = poor().sync = 0;
    poor().written = 0;
    poor().answered = 0;
  }
  // Nothing else lies there, drafts neither.
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(share_.path() / "repository"))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
  void expect_keeps_the_contract() {
    backend_.save(pack(1), as_bytes("first"), {});
    EXPECT_GT(poor().answered, 0) << "the share was not a poor one";
    EXPECT_EQ(as_text(backend_.load(pack(1), {})), "first");
    try {
      backend_.save(pack(1), as_bytes("second"), {});
      ADD_FAILURE() << "it was replaced";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::already_exists);
    }
    EXPECT_EQ(as_text(backend_.load(pack(1), {})), "first");
    EXPECT_EQ(files(), 1U);
    backend_.remove(pack(1), {});
    EXPECT_EQ(files(), 0U);
  }

  testing::TempDir share_;
  LocalBackend backend_{(share_ / "repository"), AccessMode::read_write};
};

TEST_F(PoorShare, WithoutARenameThatKeepsWhatIsThere) {
  poor().rename = EINVAL;
  expect_keeps_the_contract();
}

// Many want the same name at once: with links one of them has it, and each of the others is told.
TEST_F(PoorShare, WithoutThatRenameOneOfManyWritersWins) {
  poor().rename = EINVAL;
  std::atomic<int> won{0};
  std::atomic<int> told{0};
  TaskGroup writers{StopToken()};
  for (int writer = 0; writer < 8; ++writer) {
    writers.spawn("writer", [&, writer](const StopToken& stop) {
      try {
        backend_.save(pack(1), as_bytes(std::to_string(writer)), stop);
        ++won;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::already_exists);
        ++told;
      }
    });
  }
  writers.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(told, 7);
  EXPECT_EQ(files(), 1U);
}

TEST_F(PoorShare, WithoutHardLinksEither) {
  for (const int refusal : {EPERM, ENOTSUP, ENOSYS, EACCES}) {
    poor().rename = EINVAL;
    poor().link = refusal;
    expect_keeps_the_contract();
    poor().answered = 0;
  }
}

TEST_F(PoorShare, WithoutFsync) {
  poor().sync = EINVAL;
  expect_keeps_the_contract();
}

// That a disk could not write is no matter of what a share can do.
TEST_F(PoorShare, AFailedFsyncIsAnErrorAndLeavesNothing) {
  poor().sync = EIO;
  EXPECT_THROW(backend_.save(pack(1), as_bytes("x"), {}), Error);
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(backend_.size(pack(1), {}), std::nullopt);
}

TEST_F(PoorShare, ThatWritesAPartOnly) {
  poor().written = 1000;
  Bytes content(kMiB);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i % 251);
  const ByteView whole = content;
  backend_.save(pack(1), {whole.first(12345), {}, whole.subspan(12345)}, {});
  EXPECT_GT(poor().answered, 1000);
  EXPECT_TRUE(backend_.load(pack(1), {}) == content);
}

}  // namespace
}  // namespace hikae
