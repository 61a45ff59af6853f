// SPDX-License-Identifier: Apache-2.0
// Healing one repository from others, in memory: each kind of damage, each kind of source, and a
// crash at each operation.
#include "maintenance/repair.h"

#include "maintenance/lacking_files.h"
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;
using Action = RepairItem::Action;
using State = RepairResult::State;

class RepairTest : public MaintenanceTest {
 protected:
  // The same generations in two repositories with one key, as a run stores them; and in one with
  // another key and the first one's chunks, since these files are one chunk each in any.
  void make_copies() {
    for (unsigned i = 0; i < 10; ++i)
      source.file("stays/" + std::to_string(i), random_text(9'000 + i, i));
    back_up_everywhere();
    source.file("stays/0").write(random_text(8'000, 99));
    source.file("new/1", random_text(7'000, 98));
    back_up_everywhere();
  }
  void back_up_everywhere() {
    kit.repositories = {&destinations.first.repository(), &destinations.second.repository()};
    kit.run(source);
    kit.repositories = {&destinations.separate.repository()};
    kit.plan.parent_tree = kit.run(source).tree;
  }

  RepairSource source_of(MemoryDestination& from, const std::string& name) {
    return read_repair_source(name, from.repository(), StopToken());
  }
  // Check, plan and repair of the first destination.
  RepairReport repair(const std::vector<MemoryDestination*>& from) {
    std::vector<RepairSource> sources;
    for (MemoryDestination* one : from)
      sources.push_back(source_of(*one, one == &destinations.second ? "second" : "separate"));
    const SystemClock clock;
    const auto lock = lock_exclusively(destination.repository(), clock);
    const RepairFacts facts =
        survey_damage(destination.repository(), check(destination).damage, sources, StopToken());
    plan_ = plan_repair(facts, sources);
    RepairProgress progress;
    return apply_repair(
        destination.repository(), *lock, facts, sources, plan_, clock, progress, StopToken());
  }
  void expect_whole() {
    const CheckReport report = check(destination);
    EXPECT_EQ(report.errors, 0) << describe(report);
    EXPECT_EQ(read_snapshots(destination.repository()), contents_);
  }
  void remember() { contents_ = read_snapshots(destination.repository()); }

  void damage_pack(const std::string& name) {
    Bytes content = destination.files().load({FileType::pack, name}, StopToken());
    content[content.size() / 3] ^= 1U;
    destination.replace(FileType::pack, name, content);
  }
  void remove(FileType type, const std::string& name) {
    destination.files().remove({type, name}, StopToken());
  }
  std::vector<Action> actions() const {
    std::vector<Action> result;
    for (const RepairItem& item : plan_.items) result.push_back(item.action);
    return result;
  }

  RepairPlan plan_;
  std::map<SnapshotId, std::map<std::string, std::string>> contents_;
};

TEST_F(RepairTest, NothingWrongPlansNothing) {
  make_copies();
  const RepositoryFiles before = destination.save_state();
  repair({&destinations.second});
  EXPECT_THAT(plan_.items, IsEmpty());
  EXPECT_EQ(destination.save_state(), before);
}

TEST_F(RepairTest, EachPackInTurnMissingOrDamagedComesWholeFromTheSameKey) {
  make_copies();
  remember();
  const RepositoryFiles good = destination.save_state();
  for (const std::string& name : destination.names(FileType::pack)) {
    for (const bool missing : {true, false}) {
      destination.restore_state(good);
      if (missing) {
        remove(FileType::pack, name);
      } else {
        damage_pack(name);
      }
      const RepairReport report = repair({&destinations.separate, &destinations.second});
      ASSERT_EQ(plan_.items.size(), 1);
      EXPECT_EQ(plan_.items[0].action, Action::replace);
      EXPECT_EQ(plan_.items[0].source, 1);
      EXPECT_EQ(report.results[0].state, State::done);
      // Byte for byte as it was.
      EXPECT_EQ(destination.save_state(), good);
    }
  }
}

TEST_F(RepairTest, AnotherKeyGivesBlobByBlob) {
  make_copies();
  remember();
  const auto packs = destination.names(FileType::pack);
  remove(FileType::pack, packs[0]);
  damage_pack(packs[1]);

  const RepairReport report = repair({&destinations.separate});

  EXPECT_THAT(actions(), Each(Action::rebuild));
  ASSERT_EQ(report.results.size(), 2);
  for (const RepairResult& result : report.results) EXPECT_EQ(result.state, State::done);
  EXPECT_THAT(report.lost, IsEmpty());
  EXPECT_THAT(destination.names(FileType::pack), Not(Contains(packs[1])));
  expect_whole();
}

TEST_F(RepairTest, WhatIsGoodInADamagedPackIsSavedWithoutAnySource) {
  make_copies();
  remember();
  // Only the header is damaged: each blob can still be read.
  const std::string name = destination.names(FileType::pack)[0];
  Bytes content = destination.files().load({FileType::pack, name}, StopToken());
  content[content.size() - 10] ^= 1U;
  destination.replace(FileType::pack, name, content);

  const RepairReport report = repair({});

  ASSERT_EQ(report.results.size(), 1);
  EXPECT_EQ(report.results[0].state, State::done);
  EXPECT_THAT(destination.names(FileType::pack), Not(Contains(name)));
  expect_whole();
}

TEST_F(RepairTest, ASourceThatIsDamagedAtTheSamePlaceIsNotBelieved) {
  make_copies();
  remember();
  const std::string name = destination.names(FileType::pack)[0];
  remove(FileType::pack, name);
  MemoryDestination& other = destinations.second;
  Bytes content = other.files().load({FileType::pack, name}, StopToken());
  content[content.size() / 3] ^= 1U;
  other.replace(FileType::pack, name, content);

  const RepairReport report = repair({&other, &destinations.separate});

  ASSERT_EQ(report.results.size(), 1);
  EXPECT_EQ(report.results[0].item.action, Action::replace);
  EXPECT_EQ(report.results[0].state, State::done);
  expect_whole();
}

TEST_F(RepairTest, AllIndexFilesAndSomePacksAreGone) {
  make_copies();
  remember();
  for (const std::string& name : destination.names(FileType::index)) remove(FileType::index, name);
  remove(FileType::pack, destination.names(FileType::pack)[0]);
  remove(FileType::pack, destination.names(FileType::pack)[1]);

  repair({&destinations.second});

  expect_whole();
}

TEST_F(RepairTest, DamagedIndexFilesAreReplacedByWhatThePacksSay) {
  make_copies();
  remember();
  for (const std::string& name : destination.names(FileType::index)) {
    Bytes content = destination.files().load({FileType::index, name}, StopToken());
    content.resize(content.size() / 2);
    destination.replace(FileType::index, name, content);
  }
  const auto damaged = destination.names(FileType::index);

  repair({});

  for (const std::string& name : damaged)
    EXPECT_THAT(destination.names(FileType::index), Not(Contains(name)));
  expect_whole();
}

TEST_F(RepairTest, EverythingButTheSnapshotsIsGone) {
  make_copies();
  remember();
  for (const FileType type : {FileType::index, FileType::pack}) {
    for (const std::string& name : destination.names(type)) remove(type, name);
  }
  repair({&destinations.separate});
  expect_whole();
}

TEST_F(RepairTest, ADamagedSnapshotFileComesFromWhoHasTheSame) {
  make_copies();
  remember();
  const std::string name = destination.names(FileType::snapshot)[0];
  const Bytes good = destination.files().load({FileType::snapshot, name}, StopToken());
  Bytes content = good;
  content[5] ^= 1U;
  destination.replace(FileType::snapshot, name, content);

  RepairReport report = repair({&destinations.second});
  ASSERT_EQ(report.results.size(), 1);
  EXPECT_EQ(report.results[0].state, State::lost);

  destinations.second.files().save({FileType::snapshot, name}, good, StopToken());
  report = repair({&destinations.second});
  EXPECT_EQ(report.results[0].state, State::done);
  expect_whole();
}

TEST_F(RepairTest, WhatNobodyHasIsDroppedNamedAndStoredAgainByTheNextBackup) {
  back_up();
  source.file("kept", random_text(3'000, 1));
  source.file("folder/lost", random_text(90'000, 2));
  back_up();
  remember();
  const Index index = destination.repository().load_index(StopToken());
  const BlobId tree = snapshots(destination).back().snapshot.tree;
  const auto node = find_node(destination.repository(), index, tree, "/folder/lost", StopToken());
  const auto place = index.find(format::BlobType::data, node->content.at(0));
  remove(FileType::pack, place->pack.hex());

  const RepairReport report = repair({});

  EXPECT_THAT(report.lost, Contains(BlobRef{format::BlobType::data, node->content.at(0)}));
  EXPECT_EQ(report.results[0].state, State::lost);
  const Index after = destination.repository().load_index(StopToken());
  EXPECT_FALSE(after.has_pack(place->pack));
  const auto lacking =
      list_lacking_files(destination.repository(), after, snapshots(destination), 100, StopToken());
  std::vector<std::string> paths;
  for (const LackingFile& file : lacking) paths.push_back(file.path);
  EXPECT_THAT(paths, Contains("/folder/lost"));

  source.take_opened();
  const BackupReport made = back_up();
  EXPECT_THAT(source.take_opened(), Contains("folder/lost"));
  EXPECT_GE(made.summary.data_blobs, 1);
  const auto now = read_snapshots(destination.repository());
  for (const auto& [id, content] : contents_) EXPECT_EQ(now.at(id), content);
  EXPECT_EQ(check(destination).errors, 0);
}

TEST_F(RepairTest, APackThatTheStoreOnlyFailsToGiveStays) {
  make_copies();
  remember();
  const std::string name = destination.names(FileType::pack)[0];
  Damage damage;
  damage.packs.emplace(*PackId::parse(name), Damage::Pack::unreadable);
  const SystemClock clock;
  const auto lock = lock_exclusively(destination.repository(), clock);
  const RepairFacts facts = survey_damage(destination.repository(), damage, {}, StopToken());
  const RepairPlan plan = plan_repair(facts, {});
  for (const Call call : {Call::load_range, Call::load}) {
    Fault fault;
    fault.call = call;
    fault.type = FileType::pack;
    fault.lasting = Fault::Lasting::from_then_on;
    destination.fault().add(fault);
  }
  RepairProgress progress;
  const RepairReport report =
      apply_repair(destination.repository(), *lock, facts, {}, plan, clock, progress, StopToken());
  destination.fault().clear();

  EXPECT_EQ(report.results[0].state, State::lost);
  EXPECT_THAT(destination.names(FileType::pack), Contains(name));
  expect_whole();
}

TEST_F(RepairTest, NothingIsRemovedWithoutTheLock) {
  make_copies();
  damage_pack(destination.names(FileType::pack)[0]);
  const RepairSource from = source_of(destinations.second, "second");
  const std::vector<RepairSource> sources{from};
  const SystemClock clock;
  const auto lock = lock_exclusively(destination.repository(), clock);
  const RepairFacts facts =
      survey_damage(destination.repository(), check(destination).damage, sources, StopToken());
  const RepairPlan plan = plan_repair(facts, sources);
  for (const std::string& name : destination.names(FileType::lock)) remove(FileType::lock, name);
  const RepositoryFiles before = destination.save_state();
  RepairProgress progress;

  EXPECT_THROW(
      apply_repair(
          destination.repository(), *lock, facts, sources, plan, clock, progress, StopToken()),
      Error);

  EXPECT_EQ(destination.save_state(), before);
}

// Killed at each change, whoever comes next heals the rest.
TEST_F(RepairTest, EachOperationMayBeTheLast) {
  make_copies();
  remember();
  const auto packs = destination.names(FileType::pack);
  remove(FileType::pack, packs[0]);
  damage_pack(packs[1]);
  const std::string index = destination.names(FileType::index)[0];
  Bytes content = destination.files().load({FileType::index, index}, StopToken());
  content.resize(content.size() / 2);
  destination.replace(FileType::index, index, content);
  const RepositoryFiles start = destination.save_state();
  std::size_t nth = 1;
  for (bool died = true; died; ++nth) {
    SCOPED_TRACE("operation " + std::to_string(nth));
    ASSERT_LT(nth, 100);
    destination.restore_state(start);
    Fault fault;
    fault.call = Call::change;
    fault.nth = nth;
    fault.lasting = Fault::Lasting::from_then_on;
    destination.fault().add(fault);
    died = false;
    try {
      const RepairReport report = repair({&destinations.separate});
      for (const RepairResult& result : report.results)
        died = died || result.state == State::failed;
    } catch (const Error&) {
      died = true;
    }
    destination.fault().clear();
    for (const std::string& name : destination.names(FileType::lock)) remove(FileType::lock, name);
    if (died) repair({&destinations.separate});
    const CheckReport report = check(destination);
    ASSERT_EQ(report.errors, 0) << describe(report);
    ASSERT_EQ(read_snapshots(destination.repository()), contents_);
  }
  EXPECT_GT(nth, 5);
}

}  // namespace
}  // namespace hikae::testing
