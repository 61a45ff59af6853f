// SPDX-License-Identifier: Apache-2.0
#include "os/write_behind.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include <gmock/gmock.h>

#include "base/units.h"
#include "os/files.h"
#include "support/temp_dir.h"

namespace hikae::os {
namespace {

using hikae::testing::TempDir;
using ::testing::IsEmpty;

constexpr std::uint64_t kBlob = 64 * kKiB;

Fd make_file(const std::string& path) {
  return open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600);
}

Bytes blob_of(std::uint64_t number) {
  return Bytes(kBlob, static_cast<std::uint8_t>(number * 7 + 1));
}

TEST(WriteBehindTest, LeavesWhatWasWritten) {
  const TempDir dir;
  const std::string path = (dir.path() / "file").string();
  constexpr std::uint64_t kBlobs = 1000;
  WriteBehind behind;
  {
    // Two files in turn, one of them backwards, and closed before the last bytes are on disk.
    const Fd forwards = make_file(path);
    const Fd backwards = make_file(path + "2");
    for (std::uint64_t i = 0; i < kBlobs; ++i) {
      pwrite_all(forwards.get(), blob_of(i), i * kBlob);
      EXPECT_FALSE(behind.wrote(1, forwards.get(), i * kBlob, kBlob));
      if (i % 40 != 0) continue;
      const std::uint64_t offset = (kBlobs - i - 1) * kBlob;
      pwrite_all(backwards.get(), blob_of(i), offset);
      EXPECT_FALSE(behind.wrote(2, backwards.get(), offset, kBlob));
    }
  }
  EXPECT_THAT(behind.finish(), IsEmpty());
  EXPECT_THAT(behind.finish(), IsEmpty());
  const Fd forwards = open_file(path, O_RDONLY);
  const Fd backwards = open_file(path + "2", O_RDONLY);
  Bytes bytes(kBlob);
  for (std::uint64_t i = 0; i < kBlobs; ++i) {
    pread_exactly(forwards.get(), bytes, i * kBlob);
    ASSERT_EQ(bytes, blob_of(i)) << i;
    if (i % 40 != 0) continue;
    pread_exactly(backwards.get(), bytes, (kBlobs - i - 1) * kBlob);
    ASSERT_EQ(bytes, blob_of(i)) << i;
  }
}

TEST(WriteBehindTest, LeavesToTheSystemWhatHasNoDisk) {
  const TempDir dir;
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Fd out(ends[0]);
  const Fd in(ends[1]);
  WriteBehind behind;
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_FALSE(behind.wrote(i, in.get(), 0, kBlob));
  EXPECT_THAT(behind.finish(), IsEmpty());
}

}  // namespace
}  // namespace hikae::os
