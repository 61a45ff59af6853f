// SPDX-License-Identifier: Apache-2.0
// What hikae backs up, forgets and prunes, stock restic checks, restores and prunes, and the other
// way round.
#include <gmock/gmock.h>

#include "maintenance/check.h"
#include "maintenance/check_packs.h"
#include "maintenance/copy.h"
#include "maintenance/forget.h"
#include "maintenance/prune.h"
#include "repository/snapshots.h"
#include "support/backup_kit.h"
#include "support/compare_trees.h"
#include "support/nasty_tree.h"
#include "support/stock_restic.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;

namespace fs = std::filesystem;

class HikaeWrites : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kPackSize = 1 << 20;

  void SetUp() override {
    ASSERT_TRUE(StockRestic::installed()) << "scripts/setup test installs restic";
    make_nasty_tree(tree_);
    kit_.folder = folder_.path().string();
    kit_.paths = {"tree"};
    kit_.plan.blobs.pack_size = kPackSize;
  }

  std::string restic(const std::string& repository, const std::string& arguments) const {
    const std::string command = "cd '" + folder_.path().string() +
                                "' && RESTIC_PASSWORD=secret restic --no-cache -r '" + repository +
                                "' " + arguments + " 2>&1";
    FILE* pipe = popen(command.c_str(), "re");
    std::string output;
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
      output.append(buffer, got);
    EXPECT_EQ(pclose(pipe), 0) << command << "\n" << output;
    return output;
  }
  std::string restic(const std::string& arguments) const { return restic(place_, arguments); }

  void create() { repository_ = create_repository(place_, "secret"); }

  BackupReport back_up() {
    kit_.repositories = {repository_.get()};
    BackupReport report = kit_.run();
    EXPECT_EQ(report.item_error_count, 0);
    EXPECT_EQ(report.destinations.front().state, DestinationOutcome::State::sealed);
    kit_.plan.parent_tree = report.tree;
    return report;
  }

  // What people do between two backups.
  void change_tree(unsigned generation) {
    const std::string number = std::to_string(generation);
    std::string big = read_file(tree_ + "/big-random");
    big.insert(5'000'000, random_text(300'000, 100 + generation));
    write_file(tree_ + "/big-random", big);
    write_file(tree_ + "/work/report " + number, random_text(700'000, 200 + generation));
    fs::remove(tree_ + "/work/report " + std::to_string(generation - 1));
    fs::create_directory(tree_ + "/folder " + number);
    chmod((tree_ + "/acl").c_str(), generation % 2 == 0 ? 0640 : 0660);
    set_times(tree_ + "/old", -1000 - static_cast<std::int64_t>(generation), 5);
    fs::remove(tree_ + "/link");
    fs::create_symlink("target " + number, tree_ + "/link");
  }

  std::string restore(const std::string& snapshot, const std::string& name) {
    restic("restore " + snapshot + " --target '" + folder_ / name + "'");
    return folder_ / name + "/tree";
  }
  std::vector<SnapshotRecord> snapshots() {
    NullLog log;
    return repository_->load_snapshots(log, StopToken());
  }

  std::unique_ptr<RepositoryLock> lock() {
    return RepositoryLock::acquire(*repository_,
                                   LockMode::exclusive,
                                   test_identity(),
                                   clock_,
                                   LockOptions(),
                                   log_,
                                   StopToken());
  }
  void forget(const std::vector<SnapshotRecord>& records) {
    apply_forget(
        *repository_, *lock(), records, [](const SnapshotRecord&) {}, StopToken());
  }
  PrunePlan prune() {
    const auto held = lock();
    PruneBasis basis = read_prune_basis(*repository_, {}, SystemClock(), StopToken());
    PruneOptions options;
    options.max_unused_percent = 0;
    PrunePlan plan = plan_prune(basis.index, basis.packs, basis.used, options, kPackSize);
    PruneProgress progress;
    apply_prune_moves(*repository_, basis, plan, kit_.plan.blobs, clock_, progress, StopToken());
    apply_prune_removals(*repository_, *held, basis, plan, clock_, log_, progress, StopToken());
    return plan;
  }
  void expect_check_finds_nothing() {
    CheckOptions options;
    options.read_data = PackSubset();
    CheckProgress progress;
    const CheckReport report = run_check(*repository_, options, progress, StopToken());
    EXPECT_EQ(report.packs_read, report.packs);
    for (const CheckFinding& finding : report.findings)
      ADD_FAILURE() << hikae::render(finding.message, Language::en);
  }

  TempDir folder_;
  std::string tree_ = folder_ / "tree";
  std::string place_ = folder_ / "repository";
  SystemClock clock_;
  NullLog log_;
  std::unique_ptr<Repository> repository_;
  BackupKit kit_;
};

TEST_F(HikaeWrites, ResticRestoresEachGeneration) {
  create();
  back_up();
  const std::string first = restore("latest", "first");
  EXPECT_THAT(compare_trees(tree_, first), IsEmpty());
  change_tree(1);
  back_up();

  restic("check --read-data");
  EXPECT_THAT(compare_trees(tree_, restore("latest", "second")), IsEmpty());
  EXPECT_THAT(compare_trees(first, restore(snapshots().front().id.hex(), "again")), IsEmpty());
}

TEST_F(HikaeWrites, ResticReadsWhatWePruned) {
  create();
  back_up();
  for (unsigned generation = 1; generation <= 2; ++generation) {
    change_tree(generation);
    back_up();
  }
  const auto all = snapshots();
  forget({all[0], all[1]});
  restic("check");
  EXPECT_GT(prune().bytes_freed, 500'000);

  restic("check --read-data");
  EXPECT_THAT(compare_trees(tree_, restore("latest", "restored")), IsEmpty());
  // Nothing is left for restic to do.
  EXPECT_THAT(restic("prune --max-unused 0 --dry-run"),
              ::testing::ContainsRegex("total prune: +0 blobs / 0 B"));
  change_tree(3);
  back_up();
  restic("check --read-data");
}

TEST_F(HikaeWrites, ResticPrunesWhatWeForgot) {
  create();
  back_up();
  change_tree(1);
  back_up();
  forget({snapshots().front()});

  restic("prune --max-unused 0");

  expect_check_finds_nothing();
  EXPECT_FALSE(prune().changes_anything());
  EXPECT_THAT(compare_trees(tree_, restore("latest", "restored")), IsEmpty());
}

TEST_F(HikaeWrites, WeReadWhatResticForgotAndPruned) {
  create();
  back_up();
  change_tree(1);
  back_up();
  change_tree(2);
  restic("backup tree");

  restic("forget --keep-last 1 --prune --max-unused 0");

  ASSERT_EQ(snapshots().size(), 1);
  expect_check_finds_nothing();
  kit_.plan.parent_tree = snapshots().back().snapshot.tree;
  const BackupReport report = back_up();
  EXPECT_EQ(report.tree, snapshots().front().snapshot.tree);
  EXPECT_EQ(report.summary.files_changed + report.summary.files_new, 0);
}

// Version 1 knows no compression, so what is copied there is not compressed.
TEST_F(HikaeWrites, ResticReadsWhatWeCopiedIntoVersion1) {
  create();
  const BackupReport report = back_up();
  const std::string old = folder_ / "old";
  restic(old, "init --repository-version 1");
  const auto target = open_repository(old, "secret");
  const Index from_index = repository_->load_index(StopToken());
  const Index to_index = target->load_index(StopToken());
  const CopySource from{repository_.get(), &from_index};
  const CopyPlan plan = plan_copy(from, *target, to_index, {report.tree}, StopToken());
  std::atomic<std::uint64_t> moved{0};

  apply_copy(from, *target, to_index, plan, {}, clock_, moved, StopToken());
  target->save_snapshot(report.snapshot, StopToken());

  target->load_index(StopToken()).for_each([](const BlobLocation& place) {
    EXPECT_FALSE(place.blob.is_compressed());
  });
  restic(old, "check --read-data");
  restic(old, "restore latest --target '" + folder_ / "restored" + "'");
  EXPECT_THAT(compare_trees(tree_, folder_ / "restored/tree"), IsEmpty());
}

std::uint64_t number_in(const std::string& json, const std::string& name) {
  const auto at = json.rfind("\"" + name + "\":");
  EXPECT_NE(at, std::string::npos) << name << " in " << json;
  return at == std::string::npos ? 0 : std::stoull(json.substr(at + name.size() + 3));
}

TEST_F(HikaeWrites, CountsAsResticDoes) {
  create();
  const std::string theirs = folder_ / "theirs";
  restic(theirs, "init");
  for (unsigned generation = 1; generation <= 3; ++generation) {
    SCOPED_TRACE("generation " + std::to_string(generation));
    const format::SnapshotSummary ours = back_up().summary;
    const std::string json = restic(theirs, "backup --json tree");

    EXPECT_EQ(ours.files_new, number_in(json, "files_new"));
    EXPECT_EQ(ours.files_changed, number_in(json, "files_changed"));
    EXPECT_EQ(ours.files_unmodified, number_in(json, "files_unmodified"));
    EXPECT_EQ(ours.dirs_new, number_in(json, "dirs_new"));
    EXPECT_EQ(ours.dirs_changed, number_in(json, "dirs_changed"));
    EXPECT_EQ(ours.dirs_unmodified, number_in(json, "dirs_unmodified"));
    EXPECT_EQ(ours.tree_blobs, number_in(json, "tree_blobs"));
    EXPECT_EQ(ours.total_files_processed, number_in(json, "total_files_processed"));
    EXPECT_EQ(ours.total_bytes_processed, number_in(json, "total_bytes_processed"));
    if (generation == 1) change_tree(1);
    if (generation == 2) set_times(tree_ + "/deep/er", 1'300'000'000, 1);
  }
}

}  // namespace
}  // namespace hikae::testing
