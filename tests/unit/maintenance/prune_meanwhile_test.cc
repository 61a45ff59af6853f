// SPDX-License-Identifier: Apache-2.0
// What others do between the plan of a prune and its removals: nothing of theirs is lost.
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

class PruneMeanwhileTest : public MaintenanceTest {
 protected:
  PruneMeanwhileTest() { options_.max_unused_percent = 0; }

  // The first of three generations is forgotten, so the plan has packs to remove and to repack.
  void make_plan() {
    make_generations();
    const auto all = snapshots(destination);
    forget(destination, {all[0], all[1]});
    basis_ = basis(destination);
    plan_ = plan(basis_, options_);
    ASSERT_GT(plan_.bytes_to_remove, 0);
    ASSERT_GT(plan_.bytes_to_repack, 0);
  }
  // The source as it was in the first generation: its blobs are in the index still, unused.
  void return_to_first_generation() {
    for (unsigned i = 0; i < 6; ++i) {
      const std::string number = std::to_string(i);
      source.file("changes/" + number).write(random_text(12'000 + i, 100 + i));
      source.remove("goes/" + number + "-3");
      source.file("goes/" + number + "-1", random_text(7'000, 1000 + i));
    }
  }
  std::vector<FileHandle> files() {
    std::vector<FileHandle> result;
    for (const auto& [file, content] : destination.save_state())
      result.push_back({file.first, file.second});
    return result;
  }
  void expect_sound() {
    const CheckReport report = check(destination);
    EXPECT_EQ(report.errors, 0) << describe(report);
    EXPECT_THAT(report.damaged_snapshots, IsEmpty());
  }

  std::size_t move_operations_ = 0;  // how many changes the first half makes
  PruneOptions options_;
  PruneBasis basis_;
  PrunePlan plan_;
};

TEST_F(PruneMeanwhileTest, ASnapshotMadeSincePlanKeepsThePacksThatItNeeds) {
  make_plan();
  move(destination, basis_, plan_);
  return_to_first_generation();
  const BackupReport made = back_up();
  ASSERT_EQ(made.summary.data_blobs, 0) << "the backup must rely on blobs that are to be deleted";

  const PruneRemovals removals = remove(destination, basis_, plan_);

  ASSERT_FALSE(removals.spared.empty());
  for (const PruneSpared& spared : removals.spared)
    EXPECT_EQ(spared.reason, PruneSpared::Reason::needed_now);
  expect_sound();
  EXPECT_EQ(read_contents(destination.repository(), made.tree), source.contents());
}

TEST_F(PruneMeanwhileTest, ASnapshotThatCarriesAnOldTimeCountsAsNew) {
  make_plan();
  const auto before = snapshots(destination);
  return_to_first_generation();
  back_up();
  // As of a backup that began long ago: under another time, older than all others.
  const auto after = snapshots(destination);
  ASSERT_EQ(after.size(), before.size() + 1);
  format::Snapshot old = after.back().snapshot;
  old.time.seconds -= 1'000'000;
  destination.files().remove({FileType::snapshot, after.back().id.hex()}, StopToken());
  const SnapshotId id = destination.repository().save_snapshot(old, StopToken());

  move(destination, basis_, plan_);
  remove(destination, basis_, plan_);

  expect_sound();
  EXPECT_EQ(read_snapshots(destination.repository()).at(id), source.contents());
}

TEST_F(PruneMeanwhileTest, ABackupUnderWayAtThePlanKeepsItsPacks) {
  make_generations();
  forget(destination, {snapshots(destination)[0]});
  const RepositoryFiles before = destination.save_state();
  source.file("new", random_text(200'000, 7));
  const BackupReport made = back_up();
  // At the plan only its packs are there; index and snapshot follow.
  RepositoryFiles late;
  for (const auto& [file, content] : destination.save_state()) {
    if (before.contains(file) || file.first == FileType::pack) continue;
    late[file] = content;
    destination.files().remove({file.first, file.second}, StopToken());
  }
  basis_ = basis(destination);
  plan_ = plan(basis_, options_);
  std::size_t orphans = 0;
  for (const PruneItem& item : plan_.items)
    orphans += item.reason == PruneItem::Reason::not_indexed ? 1 : 0;
  ASSERT_GE(orphans, 2);
  move(destination, basis_, plan_);
  for (const auto& [file, content] : late)
    destination.files().save({file.first, file.second}, content, StopToken());

  const PruneRemovals removals = remove(destination, basis_, plan_);

  std::size_t spared = 0;
  for (const PruneSpared& pack : removals.spared)
    spared += pack.reason == PruneSpared::Reason::indexed_now ? 1 : 0;
  EXPECT_EQ(spared, orphans);
  expect_sound();
  EXPECT_EQ(read_contents(destination.repository(), made.tree), source.contents());
}

TEST_F(PruneMeanwhileTest, APackThatCameLaterIsNeverTouched) {
  make_plan();
  move(destination, basis_, plan_);
  // A backup that is killed before it writes its index.
  const auto before = destination.names(FileType::pack);
  source.file("new", random_text(200'000, 7));
  Fault fault;
  fault.type = FileType::index;
  destination.fault().add(fault);
  EXPECT_THROW(back_up(), Error);
  destination.fault().clear();
  std::vector<std::string> late;
  for (const std::string& name : destination.names(FileType::pack)) {
    if (std::find(before.begin(), before.end(), name) == before.end()) late.push_back(name);
  }
  ASSERT_FALSE(late.empty());

  remove(destination, basis_, plan_);

  EXPECT_THAT(destination.names(FileType::pack), IsSupersetOf(late));
  expect_sound();
  // The next one, which finds them when it plans, takes them away.
  prune(destination, options_);
  for (const std::string& name : late)
    EXPECT_THAT(destination.names(FileType::pack), Not(Contains(name)));
}

TEST_F(PruneMeanwhileTest, AnotherPruneSinceMakesThePlanWorthless) {
  make_plan();
  move(destination, basis_, plan_);
  prune(destination, options_);
  const auto before = files();

  try {
    remove(destination, basis_, plan_);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.message().key, "maintenance.prune_overtaken");
    EXPECT_TRUE(error.hint());
  }

  EXPECT_EQ(files(), before);
  expect_sound();
}

// It left the old packs alone, since its limit was laxer, and took the new ones for copies.
TEST_F(PruneMeanwhileTest, WhatWasMovedIsNotDeletedWhenItsNewPacksHaveGone) {
  make_plan();
  const RepositoryFiles before = destination.save_state();
  move(destination, basis_, plan_);
  for (const FileType type : {FileType::index, FileType::pack}) {
    for (const std::string& name : destination.names(type)) {
      if (!before.contains({type, name})) destination.files().remove({type, name}, StopToken());
    }
  }

  const PruneRemovals removals = remove(destination, basis_, plan_);

  EXPECT_FALSE(removals.spared.empty());
  EXPECT_FALSE(removals.items.empty()) << "what nobody needs goes all the same";
  expect_sound();
  EXPECT_EQ(read_snapshots(destination.repository()).begin()->second, source.contents());
}

TEST_F(PruneMeanwhileTest, NothingIsDeletedWhenAPackThatIsKeptHasGone) {
  make_plan();
  move(destination, basis_, plan_);
  const auto kept = std::find_if(plan_.items.begin(), plan_.items.end(), [](const auto& item) {
    return item.action == PruneItem::Action::keep && item.used_bytes > 0;
  });
  ASSERT_NE(kept, plan_.items.end());
  destination.files().remove({FileType::pack, kept->pack.hex()}, StopToken());
  const auto before = files();

  EXPECT_THROW(remove(destination, basis_, plan_), Error);

  EXPECT_EQ(files(), before);
}

TEST_F(PruneMeanwhileTest, NothingIsDeletedWhenANewSnapshotCannotBeRead) {
  make_plan();
  move(destination, basis_, plan_);
  back_up();
  const std::string name = snapshots(destination).back().id.hex();
  Bytes content = destination.files().load({FileType::snapshot, name}, StopToken());
  content[content.size() / 2] ^= 1U;
  destination.replace(FileType::snapshot, name, content);
  const auto before = files();

  EXPECT_THROW(remove(destination, basis_, plan_), Error);

  EXPECT_EQ(files(), before);
}

TEST_F(PruneMeanwhileTest, NothingIsDeletedWhenANewSnapshotLacksABlob) {
  make_plan();
  move(destination, basis_, plan_);
  source.file("new", random_text(200'000, 7));
  back_up();
  format::Snapshot lacking = snapshots(destination).back().snapshot;
  lacking.tree.bytes[0] ^= 1U;
  destination.repository().save_snapshot(lacking, StopToken());
  const auto before = files();

  EXPECT_THROW(remove(destination, basis_, plan_), Error);

  EXPECT_EQ(files(), before);
}

TEST_F(PruneMeanwhileTest, TheFirstHalfOnlyAdds) {
  make_plan();
  const RepositoryFiles before = destination.save_state();

  move(destination, basis_, plan_);

  const RepositoryFiles after = destination.save_state();
  EXPECT_GT(after.size(), before.size());
  for (const auto& [file, content] : before) EXPECT_EQ(after.at(file), content);
}

TEST_F(PruneMeanwhileTest, TheWalkOfNewSnapshotsEndsAtWhatIsKeptAnyway) {
  for (unsigned i = 0; i < 40; ++i) {
    const std::string number = std::to_string(i);
    source.file("folder" + number + "/file", random_text(1'000, i));
  }
  source.file("goes", random_text(90'000, 90));
  back_up();
  source.remove("goes");
  back_up();
  forget(destination, {snapshots(destination)[0]});
  basis_ = basis(destination);
  plan_ = plan(basis_, options_);
  // Workers decide whether the large file has a pack of its own.
  ASSERT_TRUE(plan_.changes_anything());
  move(destination, basis_, plan_);
  source.file("folder0/file").write(random_text(1'000, 99));
  back_up();
  const std::size_t before = destination.fault().count(Call::load_range);

  remove(destination, basis_, plan_);

  // The root and one folder, not all 41 trees.
  EXPECT_LE(destination.fault().count(Call::load_range) - before, 4);
  expect_sound();
}

// Killed at each operation of either half, with a backup of another host between the two.
TEST_F(PruneMeanwhileTest, EachOperationMayBeTheLast) {
  make_plan();
  const RepositoryFiles start = destination.save_state();
  return_to_first_generation();
  std::size_t nth = 1;
  for (;; ++nth) {
    SCOPED_TRACE("operation " + std::to_string(nth));
    destination.restore_state(start);
    Fault fault;
    fault.call = Call::change;
    fault.lasting = Fault::Lasting::from_then_on;
    fault.nth = nth;
    destination.fault().add(fault);
    bool died = false;
    PruneBasis from = basis(destination);
    const PrunePlan planned = plan(from, options_);
    try {
      move(destination, from, planned);
    } catch (const Error&) {
      died = true;
    }
    // The other host's store does not fail.
    destination.fault().clear();
    const BackupReport made = back_up();
    if (!died) {
      fault.nth = nth - move_operations_;
      if (move_operations_ == 0) {
        move_operations_ = nth - 1;
        fault.nth = 1;
      }
      destination.fault().add(fault);
      try {
        remove(destination, from, planned);
      } catch (const Error&) {
        died = true;
      }
    }
    destination.fault().clear();
    for (const std::string& name : destination.names(FileType::lock))
      destination.files().remove({FileType::lock, name}, StopToken());
    const CheckReport report = check(destination);
    ASSERT_EQ(report.errors, 0) << describe(report);
    ASSERT_EQ(read_contents(destination.repository(), made.tree), source.contents());
    if (!died) break;
    prune(destination, options_);
    ASSERT_EQ(check(destination).errors, 0);
    ASSERT_EQ(read_contents(destination.repository(), made.tree), source.contents());
  }
  EXPECT_GT(move_operations_, 1);
  EXPECT_GT(nth, move_operations_ + 5);
}

}  // namespace
}  // namespace hikae::testing
