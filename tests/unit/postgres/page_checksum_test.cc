// SPDX-License-Identifier: Apache-2.0
// Checksums against pages that a real server wrote, in relations of more than one segment's
// numbers.
#include "postgres/page_checksum.h"

#include <gmock/gmock.h>

#include "postgres/base_backup.h"
#include "support/postgres_server.h"

namespace hikae::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Lsn kAll = ~Lsn{0};

class ServerPages : public ::testing::Test {
 protected:
  static testing::PostgresServer& server() {
    static testing::PostgresServer one({"trust", {"--data-checksums"}, {}, {}});
    return one;
  }
  static std::string pages_of_a_table() {
    server().sql(
        "DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT i, repeat('x', i % 500) AS w "
        "FROM generate_series(1, 20000) i; CREATE INDEX ON t (i); CHECKPOINT");
    const std::string path = server().sql("SELECT pg_relation_filepath('t')");
    return testing::read_file(server().data() + "/" + path);
  }
};

TEST_F(ServerPages, HaveTheChecksumsThatWeCompute) {
  const std::string content = pages_of_a_table();
  ASSERT_GT(content.size(), 100 * kPageSize);
  for (std::size_t at = 0; at < content.size(); at += kPageSize) {
    const ByteView page = as_bytes(std::string_view(content).substr(at, kPageSize));
    const auto block = static_cast<std::uint32_t>(at / kPageSize);
    EXPECT_EQ(judge_page(page, block, kAll), PageState::good) << block;
    EXPECT_EQ(judge_page(page, block + 1, kAll), PageState::damaged) << block;
  }
}

TEST_F(ServerPages, WithAFlippedBitAreFound) {
  const std::string content = pages_of_a_table();
  for (const std::size_t at : {std::size_t{11}, std::size_t{100}, kPageSize - 1}) {
    std::string page = content.substr(0, kPageSize);
    page[at] ^= 4;
    EXPECT_EQ(judge_page(as_bytes(page), 0, kAll), PageState::damaged) << at;
    EXPECT_EQ(judge_page(as_bytes(page), 0, 1), PageState::newer) << at;
  }
  EXPECT_EQ(judge_page(as_bytes(std::string(kPageSize, '\0')), 7, kAll), PageState::new_page);
}

TEST_F(ServerPages, AreJudgedInAnyPortions) {
  std::string content = pages_of_a_table();
  content[5 * kPageSize + 4000] ^= 1;
  content[9 * kPageSize + 17] ^= 1;
  for (const std::size_t portion : {std::size_t{1000}, kPageSize, std::size_t{50'000}}) {
    std::vector<std::uint32_t> damaged;
    PageChecker checker(0, kAll, [&](std::uint32_t block) { damaged.push_back(block); });
    for (std::size_t at = 0; at < content.size(); at += portion)
      checker.update(as_bytes(std::string_view(content).substr(at, portion)));
    checker.finish();
    EXPECT_THAT(damaged, ElementsAre(5, 9)) << portion;
  }
}

TEST_F(ServerPages, OfAllSystemTablesAreGood) {
  server().sql("CHECKPOINT");
  std::size_t files = 0;
  for (const auto& item : std::filesystem::recursive_directory_iterator(server().data())) {
    const std::string path = item.path().string().substr(server().data().size() + 1);
    if (!item.is_regular_file() || !has_page_checksums(path)) continue;
    ++files;
    std::vector<std::uint32_t> damaged;
    PageChecker checker(0, kAll, [&](std::uint32_t block) { damaged.push_back(block); });
    checker.update(as_bytes(testing::read_file(item.path().string())));
    checker.finish();
    EXPECT_THAT(damaged, IsEmpty()) << path;
  }
  EXPECT_GT(files, 500U);
}

TEST(RelationFiles, AreToldByTheirNames) {
  EXPECT_EQ(segment_number("16384"), 0U);
  EXPECT_EQ(segment_number("16384.12"), 12U);
  EXPECT_EQ(segment_number("16384_fsm"), 0U);
  EXPECT_EQ(segment_number("16384_vm.3"), 3U);
  EXPECT_EQ(segment_number("16384_init"), 0U);
  for (const char* other : {"",
                            "pg_control",
                            "16384_tmp",
                            "16384.",
                            "x.1",
                            ".1",
                            "t3_16384",
                            "pg_filenode.map",
                            "1.99999999999"})
    EXPECT_FALSE(segment_number(other)) << other;
  EXPECT_TRUE(has_page_checksums("global/1262"));
  EXPECT_TRUE(has_page_checksums("base/5/2619_fsm"));
  EXPECT_TRUE(has_page_checksums("pg_tblspc/16400/PG_15_202209061/5/16401.2"));
  for (const char* other : {"global/pg_control",
                            "base/5/PG_VERSION",
                            "pg_wal/1",
                            "1262",
                            "pg_stat_tmp/12",
                            "global/x/1"})
    EXPECT_FALSE(has_page_checksums(other)) << other;
}

TEST(BaseBackupCommand, SpeaksTheServersDialect) {
  EXPECT_EQ(base_backup_command(13, "'hikae'"),
            "BASE_BACKUP LABEL 'hikae' PROGRESS FAST WAL NOWAIT NOVERIFY_CHECKSUMS"
            " MANIFEST 'yes' MANIFEST_CHECKSUMS 'CRC32C'");
  EXPECT_EQ(base_backup_command(14, "'hikae'"), base_backup_command(13, "'hikae'"));
  EXPECT_EQ(base_backup_command(15, "'hikae'"),
            "BASE_BACKUP ( LABEL 'hikae', PROGRESS true, CHECKPOINT 'fast', WAL true, WAIT false,"
            " VERIFY_CHECKSUMS false, MANIFEST 'yes', MANIFEST_CHECKSUMS 'CRC32C' )");
  EXPECT_EQ(base_backup_command(17, "'hikae'"), base_backup_command(15, "'hikae'"));
}

TEST(ShownSizes, AreParsed) {
  EXPECT_EQ(parse_shown_size("8192"), 8192U);
  EXPECT_EQ(parse_shown_size("8kB"), 8192U);
  EXPECT_EQ(parse_shown_size("16MB"), 16U << 20U);
  EXPECT_EQ(parse_shown_size("1GB"), 1U << 30U);
  for (const char* bad : {"", "MB", "1 GB", "1XB", "99999999999999999999", "99999999999TB"})
    EXPECT_FALSE(parse_shown_size(bad)) << bad;
}

}  // namespace
}  // namespace hikae::postgres
