// SPDX-License-Identifier: Apache-2.0
// One reading, several destinations, each with its own verdict.
#include "support.h"

namespace hikae::testing {
namespace {

class DestinationsTest : public BackupTest {
 protected:
  DestinationsTest() {
    for (unsigned i = 0; i < 12; ++i)
      source.file("files/" + std::to_string(i), random_text(20'000 + i, i));
  }

  static std::map<std::string, Bytes> packs(MemoryDestination& destination) {
    std::map<std::string, Bytes> result;
    for (const std::string& name : destination.names(FileType::pack))
      result[name] = destination.files().load({FileType::pack, name}, StopToken());
    return result;
  }
};

TEST_F(DestinationsTest, OneKeyGivesTheSamePacksEverywhere) {
  const BackupReport report = back_up({&destinations.first, &destinations.second});

  const auto first = packs(destinations.first);
  EXPECT_GT(first.size(), 3);
  EXPECT_EQ(first, packs(destinations.second));
  for (MemoryDestination* destination : {&destinations.first, &destinations.second})
    EXPECT_EQ(contents(*destination, report), source.contents());
}

TEST_F(DestinationsTest, SeparateKeysShareOneReadingAndNoPack) {
  const BackupReport report = back_up({&destinations.first, &destinations.separate});

  EXPECT_EQ(opened().size(), 12);
  for (MemoryDestination* destination : {&destinations.first, &destinations.separate})
    EXPECT_EQ(contents(*destination, report), source.contents());
  const auto first = packs(destinations.first);
  for (const auto& [name, content] : packs(destinations.separate))
    EXPECT_FALSE(first.contains(name));
}

TEST_F(DestinationsTest, TheSecondGetsOnlyWhatItLacks) {
  back_up({&destinations.first});
  const std::uint64_t before = destinations.first.bytes(FileType::pack);
  kit.plan.parent_tree.reset();

  const BackupReport report = back_up({&destinations.first, &destinations.second});

  EXPECT_EQ(destinations.first.bytes(FileType::pack), before);
  EXPECT_EQ(report.destinations[0].bytes_stored, 0);
  EXPECT_GT(report.destinations[1].bytes_stored, 12 * 20'000);
  EXPECT_EQ(contents(destinations.second, report), source.contents());
}

// Whatever fails in one destination, the other is complete, and the failing one has no snapshot and
// is made good by the next run.
TEST_F(DestinationsTest, AFailingSaveConcernsItsDestinationAlone) {
  std::size_t failures = 0;
  for (std::size_t nth = 1;; ++nth) {
    SCOPED_TRACE("save " + std::to_string(nth));
    destinations.first.reset();
    destinations.second.reset();
    kit.plan.parent_tree.reset();
    Fault fault;
    fault.nth = nth;
    fault.effect = nth % 2 == 0 ? Fault::Effect::fail_before : Fault::Effect::fail_after;
    fault.code = ErrorCode::no_space;
    destinations.first.fault().add(fault);

    const BackupReport report = back_up({&destinations.first, &destinations.second});

    EXPECT_EQ(report.destinations[1].state, State::sealed);
    ASSERT_EQ(contents(destinations.second, report), source.contents());
    if (report.destinations[0].state == State::sealed) break;
    ++failures;
    ASSERT_EQ(report.destinations[0].state, State::failed);
    ASSERT_TRUE(report.destinations[0].failure);
    EXPECT_EQ(report.destinations[0].failure->code(), ErrorCode::no_space);
    EXPECT_FALSE(report.destinations[0].snapshot);
    // A snapshot whose saving was reported as failed may be there all the same: then it is whole.
    if (has_snapshot(destinations.first)) {
      EXPECT_EQ(contents(destinations.first, report), source.contents());
    }

    destinations.first.fault().clear();
    const BackupReport next = back_up({&destinations.first, &destinations.second});
    if (next.destinations[0].state == State::needs_catch_up) {
      // Its files lie in the other one only; without a parent they are read.
      kit.plan.parent_tree.reset();
      EXPECT_EQ(back_up({&destinations.first, &destinations.second}).destinations[0].state,
                State::sealed);
    }
    ASSERT_EQ(contents(destinations.first, report), source.contents());
  }
  EXPECT_GE(failures, 5);  // packs of data, a pack of trees, the index, the snapshot
}

TEST_F(DestinationsTest, FailsWhenAllFail) {
  Fault fault;
  fault.type = FileType::pack;
  fault.lasting = Fault::Lasting::from_then_on;
  destinations.first.fault().add(fault);
  fault.nth = 2;
  destinations.second.fault().add(fault);

  EXPECT_THROW(back_up({&destinations.first, &destinations.second}), Error);

  EXPECT_FALSE(has_snapshot(destinations.first));
  EXPECT_FALSE(has_snapshot(destinations.second));
}

TEST_F(DestinationsTest, FailsWhenTheOnlyIndexCannotBeWritten) {
  Fault fault;
  fault.type = FileType::index;
  destinations.first.fault().add(fault);

  EXPECT_THROW(back_up(), Error);

  EXPECT_FALSE(has_snapshot(destinations.first));
}

TEST_F(DestinationsTest, WithoutItsLockADestinationGetsNoSnapshot) {
  const SystemClock clock;
  const auto first = lock_exclusively(destinations.first.repository(), clock);
  const auto second = lock_exclusively(destinations.second.repository(), clock);
  kit.locks = {first.get(), second.get()};
  source.file("files/0").during_read = [&](ScriptedItem&) {
    for (const std::string& name : destinations.first.names(FileType::lock))
      destinations.first.files().remove({FileType::lock, name}, StopToken());
  };

  const BackupReport report = back_up({&destinations.first, &destinations.second});

  EXPECT_EQ(report.destinations[0].state, State::failed);
  ASSERT_TRUE(report.destinations[0].failure);
  EXPECT_EQ(report.destinations[0].failure->code(), ErrorCode::lock_lost);
  EXPECT_FALSE(has_snapshot(destinations.first));
  // Who took the lock away may have deleted the packs: no index may name them.
  EXPECT_TRUE(destinations.first.names(FileType::index).empty());
  EXPECT_EQ(report.destinations[1].state, State::sealed);
}

TEST_F(DestinationsTest, EachSnapshotNamesItsOwnParent) {
  back_up({&destinations.first});
  back_up({&destinations.second});
  NullLog log;
  std::vector<Index> indexes;
  std::vector<BackupTarget> targets;
  for (MemoryDestination* destination : {&destinations.first, &destinations.second})
    indexes.push_back(destination->repository().load_index(StopToken()));
  std::size_t number = 0;
  for (MemoryDestination* destination : {&destinations.first, &destinations.second}) {
    BackupTarget target;
    target.repository = &destination->repository();
    target.index = &indexes[number++];
    target.parent = SnapshotId::parse(destination->names(FileType::snapshot).front());
    targets.push_back(target);
  }
  BackupProgress progress;

  const BackupReport report =
      run_backup(source, targets, kit.plan, SystemClock(), progress, log, StopToken());

  for (std::size_t i = 0; i < targets.size(); ++i) {
    ASSERT_TRUE(report.destinations[i].snapshot);
    const std::string json = targets[i].repository->load_unpacked(
        FileType::snapshot, report.destinations[i].snapshot->hex(), StopToken());
    EXPECT_EQ(format::decode_snapshot(json).parent, targets[i].parent);
  }
}

TEST_F(DestinationsTest, ADryRunOfTheSnapshotStoresBlobsOnly) {
  kit.plan.write_snapshots = false;

  const BackupReport report = back_up();

  EXPECT_EQ(report.destinations[0].state, State::sealed);
  EXPECT_FALSE(report.destinations[0].snapshot);
  EXPECT_FALSE(has_snapshot(destinations.first));
  EXPECT_EQ(contents(destinations.first, report), source.contents());
}

}  // namespace
}  // namespace hikae::testing
