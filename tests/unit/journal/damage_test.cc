// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "concurrency/task_group.h"
#include "support.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

namespace fs = std::filesystem;
using testing::at;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DamagedJournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> open() { return Journal::open(state_, clock_, log_); }

  void fill() {
    const auto journal = open();
    for (int i = 0; i < 20; ++i) {
      const std::string run = journal->begin_run("a", {"backup", "", at(i)}, at(i));
      RunItem item = testing::item_of("etc", "nas", Verdict::ok);
      item.message = std::string(3000, 'm');
      journal->add_item(run, item);
    }
  }

  void expect_replaced(const std::string& aside) {
    const auto journal = open();
    ASSERT_THAT(log_.messages(), SizeIs(1));
    EXPECT_EQ(log_.messages()[0].key, "journal.put_aside");
    EXPECT_TRUE(fs::exists(aside)) << aside;
    EXPECT_THAT(journal->runs("a", 1000), IsEmpty());
    journal->begin_run("a", {"backup", "", at(1)}, at(1));
    EXPECT_THAT(open()->runs("a", 1000), SizeIs(1));
    EXPECT_THAT(log_.messages(), SizeIs(1));
  }

  testing::TempDir folder_;
  std::string state_ = folder_ / "state";
  std::string file_ = state_ + "/journal.sqlite";
  // 2026-11-23 02:00:00 UTC
  testing::FakeClock clock_{at(1'795'399'200)};
  testing::CollectingLog log_;
};

// A folder stands where the file should be: nothing that opens it succeeds, for root neither.
TEST_F(DamagedJournalTest, OpenLenientGoesOnWithoutARecord) {
  fs::create_directories(file_ + "/in-the-way");
  EXPECT_THROW(open(), Error);
  const auto journal = Journal::open_lenient(state_, clock_, log_);
  ASSERT_THAT(log_.messages(), SizeIs(1));
  EXPECT_EQ(log_.messages()[0].key, "journal.unrecorded");
  const std::string run = journal->begin_run("a", {"backup", "", at(1)}, at(1));
  journal->add_item(run, testing::item_of("etc", "nas", Verdict::ok));
  journal->finish_run(run, at(2), Verdict::ok, "");
  EXPECT_THAT(journal->runs("a", 10), SizeIs(1));
}

// The file is lost while it is open.
TEST_F(DamagedJournalTest, OpenLenientSaysOnceThatChangesAreLost) {
  const auto journal = Journal::open_lenient(state_, clock_, log_);
  {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, "DROP TABLE run", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }
  const std::string run = journal->begin_run("a", {"backup", "", at(1)}, at(1));
  EXPECT_EQ(run.size(), 16U);
  journal->add_item(run, testing::item_of("etc", "nas", Verdict::ok));
  journal->finish_run(run, at(2), Verdict::ok, "");
  ASSERT_THAT(log_.messages(), SizeIs(1));
  EXPECT_EQ(log_.messages()[0].key, "journal.unrecorded");
}

// What version 1 had, before the connections.
TEST_F(DamagedJournalTest, BringsAnOlderFileUpToDateWithoutLoss) {
  fill();
  {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    const char* older =
        "DROP TABLE connection; DROP TABLE request; ALTER TABLE item DROP COLUMN sealed; "
        "DROP TABLE slot; DROP TABLE schedule_group; DROP INDEX run_slot; DROP TABLE notice; "
        "DROP TABLE figure; "
        "PRAGMA user_version = 1";
    ASSERT_EQ(sqlite3_exec(database, older, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }
  const auto journal = open();
  EXPECT_THAT(journal->runs("a", 1000), SizeIs(20));
  const std::string run = journal->runs("a", 1)[0].id;
  journal->add_connection(run, {"nas", "", "", false, {{"save", 1, 2, 3}}});
  EXPECT_THAT(open()->connections(run), SizeIs(1));
  EXPECT_THAT(log_.messages(), IsEmpty());
}

TEST_F(DamagedJournalTest, PutsAFileThatIsNoDatabaseAside) {
  testing::write_file(file_, std::string(5000, 'x'));
  expect_replaced(file_ + ".damaged-20261123T020000Z");
  EXPECT_EQ(testing::read_file(file_ + ".damaged-20261123T020000Z"), std::string(5000, 'x'));
}

TEST_F(DamagedJournalTest, PutsATruncatedFileAside) {
  fill();
  fs::resize_file(file_, fs::file_size(file_) / 2);
  expect_replaced(file_ + ".damaged-20261123T020000Z");
}

TEST_F(DamagedJournalTest, PutsAFileWithAnOverwrittenPageAside) {
  fill();
  std::string content = testing::read_file(file_);
  content.replace(content.size() / 2 / 4096 * 4096, 4096, std::string(4096, '\xff'));
  testing::write_file(file_, content);
  expect_replaced(file_ + ".damaged-20261123T020000Z");
}

TEST_F(DamagedJournalTest, PutsTheDatabaseOfAnotherProgramAside) {
  fs::create_directories(state_);
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "CREATE TABLE theirs (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  expect_replaced(file_ + ".damaged-20261123T020000Z");
}

TEST_F(DamagedJournalTest, KeepsEachFileThatWasPutAside) {
  testing::write_file(file_, std::string(5000, 'x'));
  open();
  fs::remove(file_ + "-wal");
  fs::remove(file_ + "-shm");
  testing::write_file(file_, std::string(5000, 'y'));
  open();
  EXPECT_EQ(testing::read_file(file_ + ".damaged-20261123T020000Z"), std::string(5000, 'x'));
  EXPECT_EQ(testing::read_file(file_ + ".damaged-20261123T020000Z-2"), std::string(5000, 'y'));
}

TEST_F(DamagedJournalTest, IsPutAsideOnceWhenManyFindItDamaged) {
  testing::write_file(file_, std::string(5000, 'x'));
  TaskGroup openers{StopToken()};
  for (int i = 0; i < 4; ++i) {
    openers.spawn("open", [this, i](const StopToken&) {
      open()->begin_run("a", {"backup", "", at(i)}, at(i));
    });
  }
  openers.join();
  EXPECT_THAT(log_.messages(), SizeIs(1));
  EXPECT_THAT(open()->runs("a", 100), SizeIs(4));
}

TEST_F(DamagedJournalTest, IsNotPutAsideWhenItOnlyCannotBeReached) {
  fs::create_directories(file_);
  EXPECT_THROW(open(), Error);
  EXPECT_TRUE(fs::is_directory(file_));
  EXPECT_THAT(log_.messages(), IsEmpty());
}

}  // namespace
}  // namespace hikae
