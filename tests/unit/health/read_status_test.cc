// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gmock/gmock.h>

#include "health/status.h"
#include "repository/snapshots.h"
#include "service/init.h"
#include "service/secrets.h"
#include "storage/open.h"
#include "support/cheap_key.h"
#include "support/service_environment.h"

namespace hikae {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::int64_t kHour = 3600;
// 2026-11-23 02:00 in Tokyo, an hour before 18:00 UTC of the day before.
constexpr std::int64_t kDue = 1'795'402'800 - 10 * kHour;

Instant at(std::int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}

auto note(const char* key) {
  return Field(&Text::key, key);
}

class ReadStatusTest : public ::testing::Test {
 protected:
  // Two repositories with one key; made once and copied, since key derivation takes its time.
  static void SetUpTestSuite() {
    pattern_ = std::make_unique<testing::ServiceMachine>();
    init_policy(pattern_->policy({"nas", "second"}), pattern_->environment(), StopToken());
    const Secret password = read_password_file(pattern_->folder / "etc/password");
    for (const char* name : {"nas", "second"}) {
      const auto repository = Repository::open(
          open_backend(parse_location(pattern_->folder / name, "/")), password, StopToken());
      testing::make_key_cheap(*repository, password.reveal());
    }
  }
  static void TearDownTestSuite() { pattern_.reset(); }

  void SetUp() override {
    for (const char* name : {"nas", "second", "etc"})
      fs::copy(pattern_->folder / name, machine_.folder / name, fs::copy_options::recursive);
    policy_.schedule.backup = "daily 02:00";
    confirm_recovery_kit(policy_, machine_.environment());
    journal_ = Journal::open(machine_.folder / "state", machine_.clock, machine_.log);
  }

  struct Tags {
    std::string host = "host1";
    std::string run = "00112233445566aa";
    std::string extra;
  };
  void save(const std::string& destination,
            const std::string& source,
            std::int64_t time,
            const Tags& tags) {
    format::Snapshot snapshot;
    snapshot.time = {time, 0, 0};
    snapshot.tree.bytes.fill(7);
    snapshot.hostname = tags.host;
    snapshot.paths = {"/srv/" + source};
    snapshot.tags = {std::string(kPolicyTag) + "company",
                     std::string(kSourceTag) + source,
                     std::string(kRunTag) + tags.run};
    if (!tags.extra.empty()) snapshot.tags.push_back(tags.extra);
    snapshot.summary.emplace();
    snapshot.summary->total_bytes_processed = 12345;
    open(destination)->save_snapshot(snapshot, StopToken());
  }
  void save(const std::string& destination, const std::string& source, std::int64_t time) {
    save(destination, source, time, Tags());
  }
  std::unique_ptr<Repository> open(const std::string& destination) {
    return Repository::open(open_backend(parse_location(machine_.folder / destination, "/")),
                            read_password_file(machine_.folder / "etc/password"),
                            StopToken());
  }
  StatusReport read() {
    return read_status(policy_, machine_.environment(), *journal_, StopToken());
  }

  static inline std::unique_ptr<testing::ServiceMachine> pattern_;
  testing::ServiceMachine machine_;
  policy::Policy policy_ = machine_.policy({"nas", "second"});
  std::unique_ptr<Journal> journal_;
};

TEST_F(ReadStatusTest, TellsWhatTheRepositoriesHold) {
  save("nas", "work", kDue - 24 * kHour);
  save("nas", "work", kDue + 60);
  save("nas", "other", kDue + 70);                    // another source
  save("nas", "work", kDue + 80, {"host2", "", ""});  // another machine
  save("second", "work", kDue + 60);
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::ok);
  ASSERT_THAT(report.sources, SizeIs(2));
  const SourceStatus& nas = report.sources[0];
  EXPECT_EQ(nas.source, "work");
  EXPECT_EQ(nas.destination, "nas");
  EXPECT_EQ(nas.generations, 2U);
  EXPECT_EQ(nas.newest, at(kDue + 60));
  EXPECT_TRUE(nas.newest_snapshot);
  EXPECT_EQ(nas.newest_bytes, 12345U);
  EXPECT_EQ(nas.verdict, Verdict::ok);
  EXPECT_THAT(nas.notes, IsEmpty());
  EXPECT_EQ(report.sources[1].destination, "second");
  ASSERT_THAT(report.destinations, SizeIs(2));
  EXPECT_EQ(report.destinations[0].location, machine_.folder / "nas");
  ASSERT_TRUE(report.destinations[0].space);
  EXPECT_GT(report.destinations[0].space->total_bytes, 0U);
}

TEST_F(ReadStatusTest, IsOverdueOnlyWhenTheWindowHasPassed) {
  // The generation of yesterday; today's is due at 02:00 and has until 08:00.
  for (const char* destination : {"nas", "second"})
    save(destination, "work", kDue - 24 * kHour + 60);
  machine_.clock.set(at(kDue + 6 * kHour - 1));
  EXPECT_EQ(read().verdict, Verdict::ok);
  machine_.clock.set(at(kDue + 6 * kHour));
  const StatusReport late = read();
  EXPECT_EQ(late.verdict, Verdict::failed);
  ASSERT_THAT(late.sources[0].notes, ElementsAre(note("service_status.overdue")));
  EXPECT_NE(render(late.sources[0].notes[0], Language::ja).find("2026-11-23 02:00"),
            std::string::npos);

  save("second", "work", kDue + 60);
  EXPECT_EQ(read().verdict, Verdict::partial);
  policy_.schedule.backup.clear();
  EXPECT_EQ(read().verdict, Verdict::ok);
}

TEST_F(ReadStatusTest, FailsWithoutAnyGeneration) {
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::failed);
  EXPECT_THAT(report.sources[0].notes, ElementsAre(note("service_status.no_generation")));
}

TEST_F(ReadStatusTest, OneDestinationThatIsGoneLeavesTheOthersReadable) {
  save("second", "work", kDue + 60);
  fs::remove_all(machine_.folder / "nas");
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::partial);
  ASSERT_TRUE(report.destinations[0].failure);
  EXPECT_EQ(report.destinations[0].failure->code(), ErrorCode::no_repository);
  EXPECT_THAT(report.sources[0].notes, ElementsAre(note("service_status.not_readable")));
  EXPECT_EQ(report.sources[1].verdict, Verdict::ok);
}

TEST_F(ReadStatusTest, SaysHowManyItemsWereUnreadable) {
  for (const char* destination : {"nas", "second"})
    save(destination, "work", kDue, {"host1", "", std::string(kUnreadableTag) + "3"});
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::partial);
  ASSERT_THAT(report.sources[0].notes, ElementsAre(note("service_status.unreadable")));
  EXPECT_NE(render(report.sources[0].notes[0], Language::en).find("3 items"), std::string::npos);
}

TEST_F(ReadStatusTest, ASnapshotFromTheFutureHidesNothing) {
  for (const char* destination : {"nas", "second"}) {
    save(destination, "work", kDue - 48 * kHour);
    save(destination, "work", kDue + 1000 * kHour);
  }
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::failed);
  EXPECT_EQ(report.sources[0].newest, at(kDue - 48 * kHour));
  EXPECT_THAT(report.sources[0].notes,
              ElementsAre(note("service_status.overdue"), note("service_status.future")));
}

TEST_F(ReadStatusTest, SaysThatTheLastRunFailedBeforeItIsOverdue) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  const std::string run = journal_->begin_run("company", {"backup", "", at(kDue)}, at(kDue + 10));
  RunItem item;
  item.source = "work";
  item.destination = "nas";
  item.message = "the source is empty";
  journal_->add_item(run, item);
  journal_->finish_run(run, at(kDue + 20), Verdict::failed, "");
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::partial);
  ASSERT_THAT(report.sources[0].notes, ElementsAre(note("service_status.last_run_failed")));
  EXPECT_NE(render(report.sources[0].notes[0], Language::en).find("the source is empty"),
            std::string::npos);
  EXPECT_THAT(report.runs, ElementsAre(Field(&RunRecord::id, run)));
}

// A try of the slot kDue whose item for "nas" failed; "second" got its generation.
void fail_for_nas(Journal& journal, Instant started) {
  const std::string run = journal.begin_run("company", {"backup", "", at(kDue)}, started);
  RunItem item;
  item.source = "work";
  item.destination = "nas";
  item.message = "no connection";
  journal.add_item(run, item);
  item.destination = "second";
  item.verdict = Verdict::ok;
  journal.add_item(run, item);
  journal.finish_run(run, started + std::chrono::seconds(10), Verdict::partial, "");
}

TEST_F(ReadStatusTest, WhatTheLastRunLackedIsNoFailureOnceASyncHasBroughtIt) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  fail_for_nas(*journal_, at(kDue + 3600));
  save("second", "work", kDue + 3600);
  EXPECT_EQ(read().verdict, Verdict::partial);
  save("nas", "work", kDue + 3600);
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_THAT(report.sources[0].notes, IsEmpty());
  EXPECT_THAT(report.notes, ElementsAre(note("service_status.last_backup")));
}

TEST_F(ReadStatusTest, AGenerationThatCouldNotBeReadBackIsNoneThatHasComeSince) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  const std::string run = journal_->begin_run("company", {"backup", "", at(kDue)}, at(kDue));
  RunItem item;
  item.source = "work";
  item.destination = "nas";
  item.snapshot = read().sources[0].newest_snapshot->hex();
  journal_->add_item(run, item);
  item.destination = "second";
  item.verdict = Verdict::ok;
  journal_->add_item(run, item);
  journal_->finish_run(run, at(kDue + 10), Verdict::partial, "");
  EXPECT_EQ(read().verdict, Verdict::partial);
}

TEST_F(ReadStatusTest, ARunThatIsTriedAgainIsAWarningUntilTheLastTry) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  save("second", "work", kDue + 3600);
  SlotLedger& ledger = journal_->slots();
  ledger.begin_group("company", "backup", "", at(kDue - 100));
  SlotRecord slot;
  slot.id = {"backup", "", at(kDue)};
  slot.attempts = 1;
  slot.next_try = at(kDue + 4200);
  ledger.save("company", {slot});
  fail_for_nas(*journal_, at(kDue + 3600));
  EXPECT_EQ(read().verdict, Verdict::warning);
  slot.state = SlotState::done;
  ledger.save("company", {slot});
  EXPECT_EQ(read().verdict, Verdict::partial);
}

TEST_F(ReadStatusTest, ARunThatNeverBeganToSaveIsAFailureUntilTheNext) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  const auto end_run = [&](Verdict verdict, std::int64_t when) {
    const std::string run =
        journal_->begin_run("company", {"backup", "manual", at(when)}, at(when));
    journal_->finish_run(run, at(when + 1), verdict, "");
  };
  end_run(Verdict::failed, kDue + 10);
  EXPECT_EQ(read().verdict, Verdict::failed);
  end_run(Verdict::warning, kDue + 20);
  EXPECT_EQ(read().verdict, Verdict::warning);
  end_run(Verdict::ok, kDue + 30);
  EXPECT_EQ(read().verdict, Verdict::ok);
}

TEST_F(ReadStatusTest, AMonthlyCheckIsFoundBehindAllBackupsSince) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  policy_.schedule.check = "monthly first Sun 10:00";
  journal_->slots().begin_group("company", "check", "", at(kDue - 9'000 * kHour));
  const std::string check =
      journal_->begin_run("company", {"check", "", at(kDue - 400 * kHour)}, at(kDue - 400 * kHour));
  journal_->finish_run(check, at(kDue - 399 * kHour), Verdict::ok, "");
  EXPECT_EQ(read().silent_jobs, 0U);
  for (int i = 0; i < 700; ++i) {
    RunRecord run;
    run.id = "backup" + std::to_string(i);
    run.policy = "company";
    run.slot = {"backup", "", at(kDue - 300 * kHour + i)};
    run.started = at(kDue - 300 * kHour + i);
    run.finished = run.started;
    run.verdict = Verdict::ok;
    journal_->record_run(run, {});
  }
  EXPECT_EQ(read().silent_jobs, 0U);
  // The next one is due and does not come.
  machine_.clock.set(at(kDue + 31 * 24 * kHour));
  EXPECT_EQ(read().silent_jobs, 1U);
}

TEST_F(ReadStatusTest, SaysWhoseDeletionWaitsForSomebody) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  SlotRecord slot;
  slot.id = {"anomaly", "work", at(kDue)};
  slot.state = SlotState::failed;
  slot.settled = at(kDue);
  journal_->slots().save("company", {slot});
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_THAT(report.notes, Contains(note("service_logs.frozen")));
  slot.acknowledged = at(kDue + 1);
  journal_->slots().save("company", {slot});
  EXPECT_EQ(read().verdict, Verdict::ok);
}

TEST_F(ReadStatusTest, WarnsUntilTheRecoveryKitIsConfirmed) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  EXPECT_EQ(read().verdict, Verdict::ok);
  fs::remove(machine_.folder / "state/recovery-kit-company.confirmed");
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_THAT(report.notes, Contains(note("service_status.recovery_kit_unconfirmed")));
}

TEST_F(ReadStatusTest, RefillsALostJournalFromTheRepositories) {
  for (const char* destination : {"nas", "second"}) {
    save(destination, "work", kDue - 24 * kHour, {"host1", "00000000000000aa", ""});
    save(destination, "work", kDue, {"host1", "00000000000000bb", ""});
  }
  const StatusReport report = read();
  EXPECT_THAT(report.runs,
              ElementsAre(Field(&RunRecord::id, "00000000000000bb"),
                          Field(&RunRecord::id, "00000000000000aa")));
  EXPECT_THAT(report.notes, ElementsAre(note("service_status.journal_rebuilt")));
  EXPECT_EQ(report.verdict, Verdict::ok);
  EXPECT_THAT(journal_->items("00000000000000bb"), SizeIs(2));
  EXPECT_THAT(read().notes, IsEmpty());
}

TEST_F(ReadStatusTest, ShowsRunsThatNeverFinished) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  journal_->begin_run("company", {"backup", "", at(kDue)}, at(kDue - 100));
  journal_->begin_run("company", {"backup", "", at(kDue)}, at(kDue));
  EXPECT_THAT(
      read().notes,
      ElementsAre(note("service_status.run_unfinished"), note("service_status.run_interrupted")));
}

TEST_F(ReadStatusTest, ReportsADamagedSnapshotFile) {
  for (const char* destination : {"nas", "second"}) save(destination, "work", kDue);
  const std::string name(64, 'd');
  open("nas")->backend().save({FileType::snapshot, name}, as_bytes("junk"), StopToken());
  const StatusReport report = read();
  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_EQ(report.destinations[0].damaged_snapshots, 1U);
  EXPECT_EQ(report.sources[0].verdict, Verdict::ok);
  EXPECT_THAT(report.notes, Not(IsEmpty()));
}

TEST_F(ReadStatusTest, WarnsWhenNobodyDeletesWhereThisHostMayNot) {
  constexpr std::int64_t kDay = 24 * kHour;
  policy_.retention.emplace();
  policy_.retention->daily = 3;
  policy_.destinations[1].may_delete = false;
  machine_.clock.set(at(kDue + kHour));
  // Eight days in a row, the newest of them 28 days old: until then nothing had to go for long.
  for (int i = 0; i < 8; ++i) save("second", "work", kDue - (28 + i) * kDay);
  const auto overstayed = [&] { return read().destinations[1].overstayed; };
  // 30 days ago six were there, of which three had to be kept.
  EXPECT_EQ(overstayed(), 3);
  EXPECT_THAT(read().notes, Contains(note("service_status.overstayed")));

  // The same where this host deletes: its own runs see to it.
  policy_.destinations[1].may_delete = true;
  EXPECT_EQ(overstayed(), 0);
  EXPECT_THAT(read().notes, Not(Contains(note("service_status.overstayed"))));

  // Within the month nobody has to hurry.
  policy_.destinations[1].may_delete = false;
  machine_.clock.set(at(kDue - 6 * kDay));
  EXPECT_EQ(overstayed(), 0);
}

}  // namespace
}  // namespace hikae
