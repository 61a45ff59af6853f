// SPDX-License-Identifier: Apache-2.0
// What is decided without a server.
#include <cstdio>

#include <gmock/gmock.h>

#include "crypto/hash.h"
#include "source/passed_files.h"
#include "source/physical_backup.h"
#include "source/physical_tree.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kMiB16 = std::uint64_t{16} << 20U;

TEST(BackupFoldersTest, LeavesWhatTheWalkLeaves) {
  BackupFolders folders;
  folders.enter("tablespaces");
  folders.enter("tablespaces/1");
  folders.enter("tablespaces/1/PG_15");
  EXPECT_THAT(folders.leave_for("tablespaces/1/PG_15"), IsEmpty());
  EXPECT_THAT(folders.leave_for(""), ElementsAre("tablespaces/1/PG_15", "tablespaces/1"));
  folders.enter("data");
  folders.enter("data/base");
  folders.enter("data/base/1");
  EXPECT_THAT(folders.leave_for("data/base"), ElementsAre("data/base/1"));
  folders.enter("data/base/12");
  EXPECT_THAT(folders.leave_for("data/base/12"), IsEmpty());
  EXPECT_THAT(folders.leave_for("data"), ElementsAre("data/base/12", "data/base"));
}

TEST(BackupFoldersTest, KeepsOpenWhatTheServerComesBackTo) {
  BackupFolders folders;
  for (const char* path : {"data", "data/global", "data/pg_wal", "data/pg_wal/archive_status"})
    folders.enter(path);
  folders.enter("data/base");
  EXPECT_THAT(folders.leave_for("data/global"), ElementsAre("data/base"));
  EXPECT_THAT(folders.leave_for("data/pg_wal/archive_status"), IsEmpty());
  EXPECT_THAT(folders.leave_for("data"), IsEmpty());
}

TEST(RelationPieceSize, KeepsEveryTreeBelow32MegabytesAndPiecesSmall) {
  constexpr std::uint64_t kGB = 1'000'000'000;
  constexpr std::uint64_t kIdSize = 67;
  EXPECT_EQ(relation_piece_size(0), 65536U);
  EXPECT_EQ(relation_piece_size(5 * kGB), 65536U);
  EXPECT_EQ(relation_piece_size(27 * kGB), 65536U);
  EXPECT_EQ(relation_piece_size(50 * kGB), 131072U);
  EXPECT_EQ(relation_piece_size(100 * kGB), 262144U);
  for (std::uint64_t size = kGB; size < 3000 * kGB; size = size * 5 / 4)
    EXPECT_LT(size / relation_piece_size(size) * kIdSize, 32'000'000U) << size;
}

TEST(PassedFilesTest, MatchesTheManifestExactly) {
  constexpr std::uint32_t kSum = 0x12345678;
  PassedFiles passed;
  passed.add("base/1/1", 1, kSum);
  passed.add("base/1/2", 1, kSum);
  passed.check({"base/1/1", 1, kSum, {}});
  EXPECT_THROW(passed.check({"base/1/1", 2, kSum, {}}), Error);
  EXPECT_THROW(passed.check({"base/1/3", 1, kSum, {}}), Error);
  EXPECT_THROW(passed.check({"base/1/1", 1, kSum + 1, {}}), Error);
  EXPECT_THROW(passed.check({"base/1/1", 1, std::nullopt, {}}), Error);
  passed.check_all_named(2);
  EXPECT_THROW(passed.check_all_named(1), Error);
  EXPECT_THROW(passed.check_all_named(3), Error);
}

TEST(PassedWalTest, TellsSegmentsFromTheOtherFiles) {
  EXPECT_TRUE(PassedWal::is_segment("pg_wal/0000000100000000000000FF"));
  for (const char* other : {"pg_wal/00000002.history",
                            "base/0000000100000000000000FF",
                            "pg_wal/archive_status/0000000100000000000000FF.done",
                            "pg_wal/0000000100000000000000FF.partial"})
    EXPECT_FALSE(PassedWal::is_segment(other)) << other;
}

TEST(PassedWalTest, CountsSegmentsOfAnySize) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
  for (const std::uint64_t size : {kMiB, 64 * kMiB, 1024 * kMiB}) {
    PassedWal wal(size);
    const std::uint64_t last = (std::uint64_t{1} << 32U) / size - 1;
    char name[32];
    std::snprintf(
        name, sizeof name, "pg_wal/0000000100000002%08llX", static_cast<unsigned long long>(last));
    wal.add(name, size);
    wal.add("pg_wal/000000010000000300000000", size);
    const std::uint64_t begin = std::uint64_t{3} << 32U;
    wal.check({{1, begin - size, begin + size}});
    EXPECT_THROW(wal.check({{1, begin - size, begin + size + 1}}), Error) << size;
    EXPECT_THROW(wal.check({{1, begin - size - 1, begin}}), Error) << size;
  }
}

TEST(PassedWalTest, MustReachFromStartToEnd) {
  PassedWal wal(kMiB16);
  wal.add("pg_wal/0000000100000000000000FF", kMiB16);
  wal.add("pg_wal/000000010000000100000000", kMiB16);
  wal.add("pg_wal/000000010000000100000001", kMiB16 / 2);
  const auto at = [](std::uint64_t segment, std::uint64_t offset) {
    return segment * kMiB16 + offset;
  };
  wal.check({{1, at(255, 40), at(256, 200)}});
  wal.check({{1, at(255, 40), at(257, 0)}});
  EXPECT_THROW(wal.check({{1, at(254, 40), at(256, 200)}}), Error);
  EXPECT_THROW(wal.check({{1, at(255, 40), at(257, 1)}}), Error);
}

}  // namespace
}  // namespace hikae::testing
