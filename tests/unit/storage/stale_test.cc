// SPDX-License-Identifier: Apache-2.0
// A share whose server forgets what open descriptors stand for, as an NFS server does that was
// restarted or exports anew. The kernel of a test machine may know no NFS, so the system calls of
// this program are made to answer so: what is defined here stands before the C library's own.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <filesystem>
#include <mutex>
#include <set>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/units.h"
#include "storage/local.h"
#include "storage/retry.h"
#include "support/temp_dir.h"

namespace {

// Descriptors that are stale. Any thread.
class Stale {
 public:
  static Stale& instance() {
    static Stale stale;
    return stale;
  }
  // Every descriptor that is open below the folder.
  void add_below(const std::string& folder) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      const auto target = std::filesystem::read_symlink(entry.path(), gone);
      if (gone || !target.string().starts_with(folder)) continue;
      const std::lock_guard guard(mutex_);
      numbers_.insert(std::stoi(entry.path().filename().string()));
    }
  }
  void remove(int fd) {
    const std::lock_guard guard(mutex_);
    numbers_.erase(fd);
  }
  std::size_t count() {
    const std::lock_guard guard(mutex_);
    return numbers_.size();
  }
  // Sets errno.
  bool answers_for(int fd) {
    const std::lock_guard guard(mutex_);
    if (!numbers_.contains(fd)) return false;
    errno = ESTALE;
    return true;
  }

 private:
  std::mutex mutex_;
  std::set<int> numbers_;
};

}  // namespace

extern "C" {

ssize_t pread(int fd, void* to, size_t size, off_t offset) {
  if (Stale::instance().answers_for(fd)) return -1;
  return syscall(SYS_pread64, fd, to, size, offset);
}
int fstat(int fd, struct stat* status) noexcept {
  if (Stale::instance().answers_for(fd)) return -1;
  return static_cast<int>(syscall(SYS_fstat, fd, status));
}
int fstatat(int folder, const char* path, struct stat* status, int flags) noexcept {
  if (Stale::instance().answers_for(folder)) return -1;
  return static_cast<int>(syscall(SYS_newfstatat, folder, path, status, flags));
}
int openat(int folder, const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  if (Stale::instance().answers_for(folder)) return -1;
  return static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
}
int close(int fd) {
  Stale::instance().remove(fd);
  return static_cast<int>(syscall(SYS_close, fd));
}

}  // extern "C"

namespace hikae {
namespace {

FileHandle pack(unsigned number) {
  const std::string digits = std::to_string(number);
  return {FileType::pack, std::string(64 - digits.size(), 'a') + digits};
}

class StaleTest : public ::testing::Test {
 protected:
  StaleTest() { backend_.create_layout({}); }

  void forget_descriptors() {
    Stale::instance().add_below(share_.path().string());
    EXPECT_GT(Stale::instance().count(), 0U) << "something is open";
  }

  testing::TempDir share_;
  LocalBackend backend_{(share_ / "repository"), AccessMode::read_write};
};

TEST_F(StaleTest, IsAnErrorThatMayPass) {
  backend_.save(pack(1), as_bytes("content"), {});
  Bytes out(7);
  backend_.load_range(pack(1), 0, out, {});
  forget_descriptors();
  try {
    backend_.load_range(pack(1), 0, out, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.retry(), Retry::after_backoff);
    EXPECT_THAT(render(error, Language::en), ::testing::HasSubstr("Stale file handle"));
  }
  backend_.load_range(pack(1), 0, out, {});
  EXPECT_EQ(as_text(out), "content") << "by a new descriptor";
}

TEST_F(StaleTest, NeitherReadingNorWritingIsStopped) {
  RetryOptions retries;
  retries.first_wait = std::chrono::milliseconds(1);
  const auto backend = with_retry(
      std::make_unique<LocalBackend>(share_ / "repository", AccessMode::read_write), retries);
  backend->save(pack(1), as_bytes("content"), {});
  Bytes out(7);
  backend->load_range(pack(1), 0, out, {});
  forget_descriptors();
  backend->load_range(pack(1), 0, out, {});
  EXPECT_EQ(as_text(out), "content");
  forget_descriptors();
  backend->save(pack(2), as_bytes("more"), {});
  forget_descriptors();
  EXPECT_EQ(as_text(backend->load(pack(2), {})), "more");
  forget_descriptors();
  EXPECT_EQ(backend->size(pack(1), {}), 7U);
  forget_descriptors();
  int found = 0;
  backend->list(FileType::pack, [&](const FileInfo&) { ++found; }, {});
  EXPECT_EQ(found, 2);
  forget_descriptors();
  backend->remove(pack(1), {});
  EXPECT_EQ(backend->size(pack(1), {}), std::nullopt);
}

// The share went away for good: its mount point must not be taken for it.
TEST_F(StaleTest, AnEmptyMountPointIsNotFilledAfterwards) {
  backend_.save(pack(1), as_bytes("content"), {});
  forget_descriptors();
  std::filesystem::rename(share_ / "repository", share_ / "elsewhere");
  std::filesystem::create_directory(share_ / "repository");
  try {
    backend_.save(pack(2), as_bytes("more"), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::no_repository);
  }
  EXPECT_TRUE(std::filesystem::is_empty(share_ / "repository"));
}

}  // namespace
}  // namespace hikae
