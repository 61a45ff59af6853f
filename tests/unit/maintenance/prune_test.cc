// SPDX-License-Identifier: Apache-2.0
// Pruning frees space and hurts nothing that remains.
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;

using PruneTest = MaintenanceTest;

TEST_F(PruneTest, NothingToDoChangesNothing) {
  back_up();
  source.file("a", "content");
  back_up();
  const RepositoryFiles before = destination.save_state();

  const PrunePlan result = prune(destination);

  EXPECT_FALSE(result.changes_anything());
  EXPECT_EQ(destination.save_state(), before);
}

TEST_F(PruneTest, FreesWhatForgottenSnapshotsHeldAlone) {
  make_generations();
  const auto all = snapshots(destination);
  const auto contents_before = read_snapshots(destination.repository());
  const std::uint64_t bytes_before = destination.bytes(FileType::pack);

  forget(destination, {all[0], all[1]});
  PruneOptions options;
  options.max_unused_percent = 0;
  const PrunePlan result = prune(destination, options);

  EXPECT_GT(result.bytes_freed, 0);
  const std::uint64_t bytes_after = destination.bytes(FileType::pack);
  // Two of three generations of "changes" and "goes" are gone, 2 * 6 * 19,000 bytes of noise.
  EXPECT_LT(bytes_after, bytes_before - 2 * 6 * 18'000);
  const CheckReport report = check(destination);
  EXPECT_THAT(report.findings, IsEmpty()) << describe(report);
  const auto contents_after = read_snapshots(destination.repository());
  ASSERT_EQ(contents_after.size(), 1);
  EXPECT_EQ(contents_after.begin()->second, contents_before.at(all[2].id));
  EXPECT_EQ(contents_after.begin()->second, source.contents());
  // All is used now.
  EXPECT_FALSE(plan(destination, options).changes_anything());
}

TEST_F(PruneTest, TheForecastIsWhatHappens) {
  make_generations();
  forget(destination, {snapshots(destination)[1]});
  PruneOptions options;
  options.max_unused_percent = 0;
  const std::uint64_t before = destination.bytes(FileType::pack);

  const PrunePlan result = prune(destination, options);

  EXPECT_EQ(result.bytes_total, before);
  const auto freed = static_cast<std::int64_t>(before) -
                     static_cast<std::int64_t>(destination.bytes(FileType::pack));
  // But for the headers of packs.
  EXPECT_NEAR(static_cast<double>(freed), static_cast<double>(result.bytes_freed), 4096);
}

TEST_F(PruneTest, WithoutSnapshotsNothingRemains) {
  make_generations();
  forget(destination, snapshots(destination));

  prune(destination);

  EXPECT_THAT(destination.names(FileType::pack), IsEmpty());
  EXPECT_THAT(destination.names(FileType::index), IsEmpty());
  EXPECT_EQ(check(destination).errors, 0);
}

TEST_F(PruneTest, RemovesPacksOfAKilledBackup) {
  back_up();
  source.file("new", random_text(200'000, 7));
  Fault fault;
  fault.type = FileType::index;
  destination.fault().add(fault);
  EXPECT_THROW(back_up(), Error);
  destination.fault().clear();
  ASSERT_GT(destination.bytes(FileType::pack), 200'000);

  prune(destination);

  EXPECT_LT(destination.bytes(FileType::pack), 10'000);
  EXPECT_THAT(check(destination).findings, IsEmpty());
}

TEST_F(PruneTest, TheNextBackupBuildsOnWhatRemains) {
  make_generations();
  const auto all = snapshots(destination);
  forget(destination, {all[0], all[1]});
  prune(destination);
  source.take_opened();

  const BackupReport report = back_up();

  EXPECT_THAT(source.take_opened(), IsEmpty());
  EXPECT_EQ(report.summary.data_blobs, 0);
  EXPECT_EQ(check(destination).errors, 0);
}

TEST_F(PruneTest, JoinsTheSmallPacksOfManyBackups) {
  for (unsigned i = 0; i < 12; ++i) {
    source.file(std::to_string(i), random_text(1'000, i));
    back_up();
  }
  const auto before = read_snapshots(destination.repository());
  ASSERT_EQ(destination.names(FileType::pack).size(), 24);

  prune(destination);

  EXPECT_LE(destination.names(FileType::pack).size(), 3);
  EXPECT_THAT(check(destination).findings, IsEmpty());
  EXPECT_EQ(read_snapshots(destination.repository()), before);
}

TEST_F(PruneTest, RefusesWhenASnapshotLacksAPack) {
  make_generations();
  forget(destination, {snapshots(destination)[0]});
  int missed = 0;
  // Packs of data and packs of trees alike.
  for (const PruneItem& item : plan(destination).items) {
    if (item.used_bytes == 0) continue;
    const FileHandle pack{FileType::pack, item.pack.hex()};
    const Bytes content = destination.files().load(pack, StopToken());
    destination.files().remove(pack, StopToken());
    const RepositoryFiles before = destination.save_state();
    try {
      prune(destination);
      FAIL() << "pruned without " << pack.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt);
      EXPECT_TRUE(error.hint());
    }
    EXPECT_EQ(destination.save_state(), before);
    destination.files().save(pack, content, StopToken());
    ++missed;
  }
  EXPECT_GT(missed, 2);
}

TEST_F(PruneTest, DeletesNothingWhenABlobToMoveIsDamaged) {
  make_generations();
  forget(destination, {snapshots(destination)[0]});
  PruneOptions options;
  options.max_unused_percent = 0;
  const PrunePlan planned = plan(destination, options);
  ASSERT_FALSE(planned.to_move.empty());
  const auto victim =
      std::find_if(planned.to_move.begin(), planned.to_move.end(), [](const BlobLocation& place) {
        return place.blob.type == format::BlobType::data;
      });
  ASSERT_NE(victim, planned.to_move.end());
  const std::string name = victim->pack.hex();
  Bytes content = destination.files().load({FileType::pack, name}, StopToken());
  content[victim->blob.offset + victim->blob.length / 2] ^= 1U;
  destination.replace(FileType::pack, name, content);
  const auto packs = destination.names(FileType::pack);
  const auto indexes = destination.names(FileType::index);

  EXPECT_THROW(prune(destination, options), Error);

  const auto packs_after = destination.names(FileType::pack);
  EXPECT_TRUE(std::includes(packs_after.begin(), packs_after.end(), packs.begin(), packs.end()));
  EXPECT_EQ(destination.names(FileType::index), indexes);
}

// Two hosts stored the same blobs at once; later one of the two packs was lost.
TEST_F(PruneTest, MovesABlobWhoseOtherCopyIsInAPackThatIsLost) {
  make_generations();
  const auto all = snapshots(destination);
  forget(destination, {all[0], all[1]});
  PruneOptions options;
  options.max_unused_percent = 0;
  PruneBasis from = basis(destination);
  format::IndexedPack lost;
  lost.id = id_cast<PackId>(sha256(as_bytes("lost")));
  for (const BlobLocation& place : plan(from, options).to_move) lost.blobs.push_back(place.blob);
  ASSERT_FALSE(lost.blobs.empty());
  const std::string name =
      destination.repository()
          .save_unpacked(FileType::index, format::encode_index({lost}), StopToken())
          .hex();
  from.index.add(lost);
  from.index_files.insert(name);
  from.used.resize(from.index.blob_count());

  const PrunePlan planned = plan(from, options);
  move(destination, from, planned);
  const PruneRemovals removals = remove(destination, from, planned);

  EXPECT_THAT(removals.spared, IsEmpty()) << "all was moved";
  // What was lost is taken out of the index.
  destination.files().remove({FileType::index, name}, StopToken());
  const CheckReport report = check(destination);
  EXPECT_EQ(report.errors, 0) << describe(report);
  EXPECT_EQ(read_snapshots(destination.repository()).at(all[2].id), source.contents());
}

TEST_F(PruneTest, DeletesNothingWithoutItsLock) {
  make_generations();
  forget(destination, {snapshots(destination)[0]});
  const SystemClock clock;
  const auto lock = lock_exclusively(destination.repository(), clock);
  PruneBasis from = basis(destination);
  const PrunePlan planned = plan(from);
  ASSERT_TRUE(planned.changes_anything());
  for (const std::string& name : destination.names(FileType::lock))
    destination.files().remove({FileType::lock, name}, StopToken());
  const auto packs = destination.names(FileType::pack);
  const auto indexes = destination.names(FileType::index);
  PruneProgress progress;

  try {
    NullLog log;
    apply_prune_removals(
        destination.repository(), *lock, from, planned, clock, log, progress, StopToken());
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::lock_lost);
  }

  const auto packs_after = destination.names(FileType::pack);
  EXPECT_TRUE(std::includes(packs_after.begin(), packs_after.end(), packs.begin(), packs.end()));
  const auto indexes_after = destination.names(FileType::index);
  EXPECT_TRUE(
      std::includes(indexes_after.begin(), indexes_after.end(), indexes.begin(), indexes.end()));
  EXPECT_EQ(progress.packs_removed, 0);
}

TEST_F(PruneTest, MovesWithoutLoss) {
  make_generations();
  const auto all = snapshots(destination);
  const auto before = read_snapshots(destination.repository());
  forget(destination, {all[0]});
  PruneOptions options;
  options.max_unused_percent = 0;
  options.max_repack_bytes = 100'000;

  // Piece by piece.
  int rounds = 0;
  while (prune(destination, options).changes_anything()) {
    ASSERT_LT(++rounds, 20);
    const auto now = read_snapshots(destination.repository());
    ASSERT_EQ(now.at(all[1].id), before.at(all[1].id));
    ASSERT_EQ(now.at(all[2].id), before.at(all[2].id));
    ASSERT_EQ(check(destination).errors, 0);
  }
  EXPECT_GE(rounds, 1);
}

}  // namespace
}  // namespace hikae::testing
