// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "concurrency/task_group.h"
#include "support.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using testing::item_of;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

class JournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> open() { return Journal::open(state_, clock_, log_); }

  testing::TempDir folder_;
  std::string state_ = folder_ / "state";
  testing::FakeClock clock_{at(1'000'000)};
  testing::CollectingLog log_;
};

TEST_F(JournalTest, KeepsARunWithItsItems) {
  const SlotId slot{"backup", "nightly", at(500)};
  std::string id;
  {
    const auto journal = open();
    id = journal->begin_run("company", slot, at(501));
    RunItem item = item_of("etc", "nas", Verdict::partial);
    item.snapshot = std::string(64, 'a');
    item.files = 7;
    item.bytes = 1ULL << 62U;
    item.bytes_stored = 9;
    item.unreadable = 2;
    item.sealed = at(590);
    item.message = "読めないファイルがあります";
    journal->add_item(id, item);
    journal->finish_run(id, at(600), Verdict::partial, "概ね成功");
  }
  const auto journal = open();
  const auto runs = journal->runs("company", 10);
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].id, id);
  EXPECT_THAT(id, MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(runs[0].slot, slot);
  EXPECT_EQ(runs[0].started, at(501));
  EXPECT_EQ(runs[0].finished, at(600));
  EXPECT_EQ(runs[0].verdict, Verdict::partial);
  EXPECT_EQ(runs[0].message, "概ね成功");
  const auto items = journal->items(id);
  ASSERT_THAT(items, SizeIs(1));
  EXPECT_EQ(items[0].source, "etc");
  EXPECT_EQ(items[0].destination, "nas");
  EXPECT_EQ(items[0].verdict, Verdict::partial);
  EXPECT_EQ(items[0].snapshot, std::string(64, 'a'));
  EXPECT_EQ(items[0].files, 7U);
  EXPECT_EQ(items[0].bytes, 1ULL << 62U);
  EXPECT_EQ(items[0].bytes_stored, 9U);
  EXPECT_EQ(items[0].unreadable, 2U);
  EXPECT_EQ(items[0].sealed, at(590));
  EXPECT_EQ(items[0].message, "読めないファイルがあります");
  EXPECT_THAT(log_.messages(), IsEmpty());
}

TEST_F(JournalTest, KeepsTheLastFigureOfEachDestination) {
  const DestinationFigure count{"nas", "etc", "generations", 7, at(10)};
  const DestinationFigure free{"nas", "", "free_bytes", 1ULL << 62U, at(10)};
  open()->save_figures("company", {count, free});
  open()->save_figures("other", {{"nas", "etc", "generations", 1, at(11)}});
  EXPECT_THAT(open()->figures("company"), ElementsAre(free, count));
  const DestinationFigure newer{"nas", "etc", "generations", 8, at(20)};
  open()->save_figures("company", {newer});
  EXPECT_THAT(open()->figures("company"), ElementsAre(free, newer));
}

TEST_F(JournalTest, ShowsARunThatNeverFinishedAsSuch) {
  open()->begin_run("company", {"backup", "", at(1)}, at(1));
  const auto runs = open()->runs("company", 10);
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_FALSE(runs[0].finished);
  EXPECT_FALSE(runs[0].verdict);
}

TEST_F(JournalTest, ListsTheNewestRunsOfOnePolicyFirst) {
  const auto journal = open();
  const std::string second = journal->begin_run("a", {"backup", "", at(20)}, at(20));
  const std::string first = journal->begin_run("a", {"backup", "", at(10)}, at(10));
  const std::string third = journal->begin_run("a", {"check", "", at(30)}, at(30));
  journal->begin_run("b", {"backup", "", at(40)}, at(40));
  EXPECT_THAT(journal->runs("a", 10),
              ElementsAre(Field(&RunRecord::id, third),
                          Field(&RunRecord::id, second),
                          Field(&RunRecord::id, first)));
  EXPECT_THAT(journal->runs("a", 1), ElementsAre(Field(&RunRecord::id, third)));
}

TEST_F(JournalTest, FindsTheLastItemOfASourceInADestination) {
  const auto journal = open();
  EXPECT_FALSE(journal->last_item("a", "etc", "nas"));
  const std::string newer = journal->begin_run("a", {"backup", "", at(20)}, at(20));
  const std::string older = journal->begin_run("a", {"backup", "", at(10)}, at(10));
  const std::string other = journal->begin_run("b", {"backup", "", at(30)}, at(30));
  journal->add_item(newer, item_of("etc", "nas", Verdict::failed));
  journal->add_item(newer, item_of("home", "nas", Verdict::warning));
  journal->add_item(older, item_of("etc", "nas", Verdict::ok));
  journal->add_item(other, item_of("etc", "nas", Verdict::partial));
  const auto last = journal->last_item("a", "etc", "nas");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->verdict, Verdict::failed);
  EXPECT_FALSE(journal->last_item("a", "etc", "s3"));
}

TEST_F(JournalTest, TellsWhenASnapshotWasDurableAlsoBySync) {
  const auto journal = open();
  const std::string run = journal->begin_run("a", {"backup", "", at(20)}, at(20));
  const std::string sync = journal->begin_run("a", {kSyncJob, "", at(30)}, at(30));
  RunItem failed = item_of("etc", "s3", Verdict::failed);
  RunItem good = item_of("etc", "nas", Verdict::ok);
  good.snapshot = std::string(64, 'a');
  good.sealed = at(25);
  RunItem copied = item_of("etc", "s3", Verdict::ok);
  copied.snapshot = std::string(64, 'b');
  copied.sealed = at(35);
  journal->add_item(run, good);
  journal->add_item(run, failed);
  journal->add_item(sync, copied);
  EXPECT_EQ(journal->sealed("nas", good.snapshot), at(25));
  EXPECT_EQ(journal->sealed("s3", copied.snapshot), at(35));
  EXPECT_EQ(journal->sealed("s3", good.snapshot), std::nullopt);
  EXPECT_EQ(journal->last_item("a", "etc", "s3")->verdict, Verdict::failed)
      << "a sync reads no source";
}

TEST_F(JournalTest, RecordsEveryDeletionWithItsRule) {
  const auto journal = open();
  journal->add_deletion(
      {at(100), "0011", "a", "etc", "nas", std::string(64, 'b'), at(50), "not_kept"});
  journal->add_deletion({at(101), "", "a", "etc", "s3", std::string(64, 'c'), at(40), "by_hand"});
  const auto deletions = journal->deletions("a", 10);
  ASSERT_THAT(deletions, SizeIs(2));
  EXPECT_EQ(deletions[0].destination, "s3");
  EXPECT_EQ(deletions[1].run, "0011");
  EXPECT_EQ(deletions[1].snapshot, std::string(64, 'b'));
  EXPECT_EQ(deletions[1].snapshot_time, at(50));
  EXPECT_EQ(deletions[1].rule, "not_kept");
  EXPECT_THAT(journal->deletions("b", 10), IsEmpty());
}

TEST_F(JournalTest, KeepsHowDestinationsWereReachedAndSumsTheirRequests) {
  const auto journal = open();
  const std::string first = journal->begin_run("a", {"backup", "", at(10)}, at(10));
  const std::string second = journal->begin_run("a", {"backup", "", at(20)}, at(20));
  const std::string other = journal->begin_run("b", {"backup", "", at(20)}, at(20));
  const ConnectionRecord s3{"s3",
                            "TLSv1.3",
                            "TLS_AES_256_GCM_SHA384",
                            true,
                            {{"GET", 1, 0, 500}, {"PUT", 3, 1ULL << 40U, 0}}};
  const ConnectionRecord nas{"nas", "", "", false, {{"save", 7, 70, 0}}};
  journal->add_connection(first, s3);
  journal->add_connection(first, nas);
  journal->add_connection(second, s3);
  journal->add_connection(other, s3);
  EXPECT_THAT(journal->connections(first), ElementsAre(nas, s3));
  ConnectionRecord once = s3;
  once.protocol = once.cipher = "";
  once.is_aes_256 = false;
  ConnectionRecord twice = once;
  twice.requests = {{"GET", 2, 0, 1000}, {"PUT", 6, 1ULL << 41U, 0}};
  EXPECT_THAT(journal->total_requests("a", at(0)), ElementsAre(nas, twice));
  EXPECT_THAT(journal->total_requests("a", at(15)), ElementsAre(once));
}

TEST_F(JournalTest, TakesARunFromARepositoryOnce) {
  const auto journal = open();
  RunRecord run;
  run.id = "0123456789abcdef";
  run.policy = "a";
  run.slot = {"backup", "", at(5)};
  run.started = at(6);
  run.finished = at(7);
  run.verdict = Verdict::ok;
  const std::vector<RunItem> items{item_of("etc", "nas", Verdict::ok)};
  EXPECT_EQ(journal->record_run(run, items), Journal::Recorded::added);
  EXPECT_EQ(journal->record_run(run, items), Journal::Recorded::was_known);
  EXPECT_THAT(journal->runs("a", 10), SizeIs(1));
  EXPECT_THAT(journal->items(run.id), SizeIs(1));
}

TEST_F(JournalTest, RefusesItemsAndEndsOfUnknownRuns) {
  const auto journal = open();
  EXPECT_THROW(journal->add_item("feedfeedfeedfeed", item_of("a", "b", Verdict::ok)), Error);
  EXPECT_THROW(journal->finish_run("feedfeedfeedfeed", at(1), Verdict::ok, ""), Error);
}

TEST_F(JournalTest, IsPrivate) {
  const mode_t before = umask(0);
  const auto journal = open();
  journal->begin_run("a", {"backup", "", at(1)}, at(1));
  umask(before);
  for (const char* name : {"/journal.sqlite", "/journal.sqlite-wal"}) {
    struct stat status {};
    ASSERT_EQ(stat((state_ + name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 07777U, 0600U) << name;
  }
  struct stat status {};
  ASSERT_EQ(stat(state_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
}

TEST_F(JournalTest, TakesWritesOfManyThreadsAndSeveralJournals) {
  TaskGroup writers{StopToken()};
  for (int i = 0; i < 4; ++i) {
    writers.spawn("write", [this](const StopToken&) {
      const auto journal = open();
      for (int n = 0; n < 10; ++n) {
        const std::string run = journal->begin_run("a", {"backup", "", at(n)}, at(n));
        journal->add_item(run, item_of("etc", "nas", Verdict::ok));
      }
    });
  }
  writers.join();
  EXPECT_THAT(open()->runs("a", 100), SizeIs(40));
  EXPECT_THAT(log_.messages(), IsEmpty());
}

TEST_F(JournalTest, RefusesTheFileOfANewerProgram) {
  open();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((state_ + "/journal.sqlite").c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "PRAGMA user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  try {
    open();
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_TRUE(error.hint());
  }
  EXPECT_THAT(log_.messages(), IsEmpty());
}

}  // namespace
}  // namespace hikae
