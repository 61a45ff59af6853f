// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "postgres/catalog.h"
#include "postgres/dump_watcher.h"
#include "support/postgres_server.h"

namespace hikae::postgres {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::PostgresServer;

std::optional<Text> watch(DumpWatcher& watcher, std::string_view dump, std::size_t piece) {
  for (std::size_t at = 0; at < dump.size(); at += piece)
    watcher.feed(as_bytes(dump.substr(at, piece)));
  return watcher.finish();
}

class WatchTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    PostgresServer server;
    server.sql("CREATE DATABASE shop");
    server.sql(
        "CREATE TABLE empty (x int);"
        "CREATE TABLE lines AS SELECT n, E'a\\nb\\\\.\\n' AS t FROM generate_series(1, 1234) n;"
        "CREATE SCHEMA \"odd \"\"one\"\". (\";"
        "CREATE TABLE \"odd \"\"one\"\". (\".\"COPY x FROM stdin;\" (v text);"
        "INSERT INTO \"odd \"\"one\"\". (\".\"COPY x FROM stdin;\" VALUES ('\\.'), (NULL), ('');"
        "CREATE TABLE wide AS SELECT n, repeat(md5(n::text), 500) AS t FROM generate_series(1, 50) "
        "n;"
        "SELECT lo_from_bytea(0, repeat('x', 100000)::bytea);"
        "SELECT lo_from_bytea(0, '');",
        "shop");
    custom_ = new std::string(server.run_client({"pg_dump", "-Fc", "-Z0", "shop"}));
    plain_ = new std::string(server.run_client({"pg_dump", "-Fp", "shop"}) + "\n\n");
    globals_ = new std::string(server.run_client({"pg_dumpall", "-g"}) + "\n\n");
  }
  static void TearDownTestSuite() {
    delete custom_;
    delete plain_;
    delete globals_;
  }
  static void expect_rows(const std::vector<TableRows>& rows) {
    EXPECT_EQ(rows.size(), 4U);
    EXPECT_THAT(rows, Contains(TableRows{"public", "empty", 0}));
    EXPECT_THAT(rows, Contains(TableRows{"public", "lines", 1234}));
    EXPECT_THAT(rows, Contains(TableRows{"public", "wide", 50}));
    EXPECT_THAT(rows, Contains(TableRows{"odd \"one\". (", "COPY x FROM stdin;", 3}));
  }

  static std::string* custom_;
  static std::string* plain_;
  static std::string* globals_;
};
std::string* WatchTest::custom_ = nullptr;
std::string* WatchTest::plain_ = nullptr;
std::string* WatchTest::globals_ = nullptr;

TEST_F(WatchTest, CountsTheRowsOfAnArchiveInPiecesOfAnySize) {
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{7}, std::size_t{4096}, custom_->size()}) {
    const auto watcher = watch_dump(DumpFormat::custom);
    EXPECT_EQ(watch(*watcher, *custom_, piece), std::nullopt) << piece;
    expect_rows(watcher->rows());
  }
}

TEST_F(WatchTest, CountsTheRowsOfSqlInPiecesOfAnySize) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, plain_->size()}) {
    const auto watcher = watch_dump(DumpFormat::plain);
    EXPECT_EQ(watch(*watcher, *plain_, piece), std::nullopt) << piece;
    expect_rows(watcher->rows());
  }
}

// A function that copies, and names that hold line breaks.
TEST_F(WatchTest, CountsOnlyWhatIsCopied) {
  const std::string dump =
      "CREATE FUNCTION f() AS $$\nCOPY public.t (a) FROM stdin;\n1\n\\.\n$$;\n"
      "COPY public.\"a\nb\" (\"x\ny\") FROM stdin;\n1\n2\n\\.\n\n"
      "COMMENT ON TABLE t IS 'COPY public.u FROM stdin;';\n"
      "--\n-- PostgreSQL database dump complete\n--\n\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, dump.size()}) {
    const auto watcher = watch_dump(DumpFormat::plain);
    EXPECT_EQ(watch(*watcher, dump, piece), std::nullopt);
    EXPECT_THAT(watcher->rows(), ElementsAre(TableRows{"public", "a\nb", 2}));
  }
}

// pg_dump that was killed leaves such a file, and pg_restore -l is content with it.
TEST_F(WatchTest, NoticesEveryPlaceWhereAnArchiveMayEnd) {
  const std::size_t step = 1999;
  for (std::size_t size = 0; size < custom_->size(); size += step) {
    const auto watcher = watch_dump(DumpFormat::custom);
    ASSERT_TRUE(watch(*watcher, std::string_view(*custom_).substr(0, size), 5000)) << size;
  }
  const auto all_but_one = watch_dump(DumpFormat::custom);
  EXPECT_TRUE(watch(*all_but_one, std::string_view(*custom_).substr(0, custom_->size() - 1), 5000));
}

TEST_F(WatchTest, NoticesThatSqlEndsEarly) {
  for (const std::size_t less : {std::size_t{150}, plain_->size() / 2, plain_->size()}) {
    const auto watcher = watch_dump(DumpFormat::plain);
    EXPECT_TRUE(watch(*watcher, std::string_view(*plain_).substr(0, plain_->size() - less), 100));
  }
}

TEST_F(WatchTest, KnowsGlobalsByTheirOwnMark) {
  EXPECT_EQ(watch(*watch_globals(), *globals_, 10), std::nullopt);
  EXPECT_TRUE(watch(*watch_globals(), *plain_, 1000));
  EXPECT_TRUE(watch(*watch_dump(DumpFormat::plain), *globals_, 1000));
}

TEST_F(WatchTest, TakesNothingElseForAnArchive) {
  EXPECT_TRUE(watch(*watch_dump(DumpFormat::custom), *plain_, 1000));
  EXPECT_TRUE(watch(*watch_dump(DumpFormat::custom), "", 1));
  std::string twice = *custom_ + *custom_;
  EXPECT_TRUE(watch(*watch_dump(DumpFormat::custom), twice, 1000));
}

// The archive of 13 to 15 (1.14) as 16 (1.15) and 17 (1.16) write it: compression is named by a
// byte instead of a number, and each entry of the table of contents has a number more.
std::string as_version(const std::string& archive, int minor) {
  std::size_t at = 0;
  std::string out;
  const auto take = [&](std::size_t size) {
    out += archive.substr(at, size);
    at += size;
  };
  const auto number = [&] {
    std::int64_t value = 0;
    for (unsigned i = 0; i < 4; ++i)
      value |= std::int64_t{static_cast<std::uint8_t>(archive.at(at + 1 + i))} << (8 * i);
    const bool is_negative = archive.at(at) != 0;
    take(5);
    return is_negative ? -value : value;
  };
  const auto string = [&] {
    const std::int64_t size = number();
    if (size > 0) take(static_cast<std::size_t>(size));
    return size >= 0;
  };
  const auto times = [](int count, const auto& action) {
    for (int i = 0; i < count; ++i) action();
  };
  take(6);
  out += static_cast<char>(minor);
  ++at;
  take(4);
  if (minor >= 15) {
    out += '\0';
    at += 5;
  } else {
    number();
  }
  times(7, number);
  times(3, string);
  for (std::int64_t entries = number(); entries > 0; --entries) {
    times(2, number);
    times(4, string);
    number();
    times(6, string);
    if (minor >= 16) out += std::string({'\0', 'r', '\0', '\0', '\0'});
    times(2, string);
    while (string()) {
    }
    take(1 + 8);
  }
  return out + archive.substr(at);
}

TEST_F(WatchTest, KnowsTheArchivesOf13To17) {
  ASSERT_EQ((*custom_)[6], 14);
  EXPECT_EQ(as_version(*custom_, 14), *custom_);
  for (const int minor : {14, 15, 16}) {
    const std::string archive = as_version(*custom_, minor);
    const auto watcher = watch_dump(DumpFormat::custom);
    EXPECT_EQ(watch(*watcher, archive, 4096), std::nullopt) << minor;
    expect_rows(watcher->rows());
    const auto cut = watch_dump(DumpFormat::custom);
    EXPECT_TRUE(watch(*cut, std::string_view(archive).substr(0, archive.size() - 1), 4096));
    std::string other = archive;
    other[6] = static_cast<char>(minor == 14 ? 16 : 14);
    const auto misread = watch_dump(DumpFormat::custom);
    EXPECT_TRUE(watch(*misread, other, 4096)) << "they are not the same";
  }
}

// A version that did not exist when this was written: exit code and end of file must do.
TEST_F(WatchTest, DoesNotRefuseANewerArchive) {
  std::string newer = *custom_;
  newer[6] = 40;
  const auto watcher = watch_dump(DumpFormat::custom);
  EXPECT_EQ(watch(*watcher, newer, 1000), std::nullopt);
  EXPECT_TRUE(watcher->rows().empty());
}

std::vector<std::string> names(const std::vector<DatabaseEntry>& entries) {
  std::vector<std::string> result;
  for (const DatabaseEntry& entry : entries) result.push_back(entry.name);
  return result;
}

TEST(ChooseDatabases, ReadsThePolicysWords) {
  const std::vector<DatabaseEntry> all = {
      {"crm"}, {"postgres"}, {"shop_1"}, {"shop_2"}, {"template1", true, true}};
  EXPECT_EQ(choose_databases(all, {"all"}).size(), 5U);
  EXPECT_THAT(names(choose_databases(all, {"shop_*", "crm"})),
              ElementsAre("crm", "shop_1", "shop_2"));
  EXPECT_THAT(names(choose_databases(all, {"all", "!template?", "!shop_*", "shop_2"})),
              ElementsAre("crm", "postgres", "shop_2"));
  EXPECT_THROW(choose_databases(all, {"crmm"}), Error);
  EXPECT_THROW(choose_databases(all, {"x*"}), Error);
  EXPECT_THROW(choose_databases(all, {}), Error);
}

TEST(ChooseDatabases, RefusesWhatADumpWouldLeaveOutSilently) {
  const std::vector<DatabaseEntry> all = {{"archive", false}, {"shop"}};
  EXPECT_THROW(choose_databases(all, {"all"}), Error);
  EXPECT_THAT(names(choose_databases(all, {"all", "!archive"})), ElementsAre("shop"));
}

// pg_dumpall leaves them out as well: nobody can connect to them.
TEST(ChooseDatabases, LeavesOutWhatCanOnlyBeDropped) {
  const std::vector<DatabaseEntry> all = {{"half", true, false, 0, false}, {"shop"}};
  EXPECT_THAT(names(choose_databases(all, {"all"})), ElementsAre("shop"));
  EXPECT_THAT(names(choose_databases(all, {"half", "!half", "shop"})), ElementsAre("shop"));
  EXPECT_THROW(choose_databases(all, {"shop", "half"}), Error);
}

TEST(DumpFileName, GoesThereAndBack) {
  for (const std::string name : {"shop", "a/b", "100%", "日本", "x.dump", "a\nb", "."}) {
    for (const DumpFormat format : {DumpFormat::custom, DumpFormat::plain}) {
      const std::string file = dump_file_name(name, format);
      EXPECT_EQ(file.find('/'), std::string::npos);
      EXPECT_EQ(database_of_file(file), name);
    }
  }
  EXPECT_EQ(dump_file_name("shop", DumpFormat::custom), "database-shop.dump");
  EXPECT_EQ(database_of_file("globals.sql"), std::nullopt);
}

}  // namespace
}  // namespace hikae::postgres
