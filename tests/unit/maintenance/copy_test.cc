// SPDX-License-Identifier: Apache-2.0
#include "maintenance/copy.h"

#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::IsEmpty;

enum class Target { same_key, other_key };

class CopyTest : public MaintenanceTest, public ::testing::WithParamInterface<Target> {
 protected:
  MemoryDestination& to() {
    return GetParam() == Target::same_key ? destinations.second : destinations.separate;
  }
  CopyPlan plan_it(const std::vector<BlobId>& trees) {
    index_ = destination.repository().load_index(StopToken());
    to_index_ = to().repository().load_index(StopToken());
    return plan_copy({&destination.repository(), &index_}, to_index_, trees, StopToken());
  }
  CopyPlan copy(const std::vector<BlobId>& trees) {
    const CopyPlan plan = plan_it(trees);
    std::atomic<std::uint64_t> moved{0};
    apply_copy({&destination.repository(), &index_},
               to().repository(),
               to_index_,
               plan,
               kit.plan.blobs,
               SystemClock(),
               moved,
               StopToken());
    EXPECT_EQ(moved, plan.bytes);
    return plan;
  }
  std::vector<BlobId> trees() {
    std::vector<BlobId> result;
    for (const SnapshotRecord& record : snapshots(destination))
      result.push_back(record.snapshot.tree);
    return result;
  }
  void expect_copied(const BlobId& tree) {
    EXPECT_EQ(read_contents(to().repository(), tree),
              read_contents(destination.repository(), tree));
    EXPECT_THAT(check(to()).findings, IsEmpty());
  }

  Index index_;
  Index to_index_;
};

TEST_P(CopyTest, IntoAnEmptyRepository) {
  make_generations();

  const CopyPlan plan = copy(trees());

  EXPECT_EQ(plan.places.size(), destination.repository().load_index(StopToken()).blob_count());
  for (const BlobId& tree : trees()) expect_copied(tree);
  EXPECT_THAT(to().names(FileType::snapshot), IsEmpty());
}

TEST_P(CopyTest, OnlyWhatThatTreeNeeds) {
  make_generations();
  const BlobId tree = trees()[1];

  copy({tree});

  expect_copied(tree);
  EXPECT_THROW(read_contents(to().repository(), trees()[0]), Error);
}

TEST_P(CopyTest, IntoOneThatHasPartOfIt) {
  make_generations();
  copy({trees()[0]});

  const CopyPlan plan = copy(trees());

  const Index all = destination.repository().load_index(StopToken());
  EXPECT_LT(plan.places.size(), all.blob_count());
  EXPECT_EQ(to().repository().load_index(StopToken()).blob_count(), all.blob_count());
  for (const BlobId& tree : trees()) expect_copied(tree);
  EXPECT_THAT(plan_it(trees()).places, IsEmpty());
}

TEST_P(CopyTest, NothingToCopyWritesNothing) {
  make_generations();
  copy(trees());
  const RepositoryFiles before = to().save_state();

  copy(trees());

  EXPECT_EQ(to().save_state(), before);
}

TEST_P(CopyTest, AFileThatHoldsTheVeryBytesOfATree) {
  source.file("inside/file", "content");
  const BackupReport report = back_up();
  const Index index = destination.repository().load_index(StopToken());
  const Bytes root =
      destination.repository().load_blob(index, format::BlobType::tree, report.tree, StopToken());
  // The file's blob and the old root's tree have one id and differ in type.
  source.file("dump", std::string(as_text(root)));
  const BlobId second = back_up().tree;

  copy({report.tree, second});

  expect_copied(report.tree);
  expect_copied(second);
}

TEST_P(CopyTest, RefusesASourceThatLacksSomething) {
  make_generations();
  Repository& repository = destination.repository();
  std::vector<format::IndexedPack> packs;
  repository.load_index(StopToken()).for_each_pack([&](const format::IndexedPack& pack) {
    packs.push_back(pack);
    if (pack.blobs.front().type == format::BlobType::data) packs.back().blobs.pop_back();
  });
  for (const std::string& name : destination.names(FileType::index))
    destination.files().remove({FileType::index, name}, StopToken());
  repository.save_unpacked(FileType::index, format::encode_index(packs), StopToken());

  EXPECT_THROW(plan_it(trees()), Error);
}

TEST_P(CopyTest, PassesNoDamageOn) {
  source.file("file", random_text(5'000, 1));
  const BackupReport report = back_up();
  const CopyPlan plan = plan_it({report.tree});
  const auto data =
      std::find_if(plan.places.begin(), plan.places.end(), [](const BlobLocation& place) {
        return place.blob.type == format::BlobType::data;
      });
  Bytes pack = destination.files().load({FileType::pack, data->pack.hex()}, StopToken());
  pack[data->blob.offset + 100] ^= 1U;
  destination.replace(FileType::pack, data->pack.hex(), pack);

  EXPECT_THROW(copy({report.tree}), Error);

  EXPECT_THAT(to().names(FileType::index), IsEmpty());
}

TEST_P(CopyTest, AFailingTargetIsNoSuccess) {
  make_generations();
  for (std::size_t nth = 1;; ++nth) {
    to().reset();
    Fault fault;
    fault.nth = nth;
    to().fault().add(fault);
    try {
      copy(trees());
      break;
    } catch (const Error&) {
      to().fault().clear();
      EXPECT_EQ(check(to()).errors, 0);
    }
    ASSERT_LT(nth, 100);
  }
  for (const BlobId& tree : trees()) expect_copied(tree);
}

INSTANTIATE_TEST_SUITE_P(Keys,
                         CopyTest,
                         ::testing::Values(Target::same_key, Target::other_key),
                         [](const auto& instance) {
                           return instance.param == Target::same_key ? "Same" : "Other";
                         });

}  // namespace
}  // namespace hikae::testing
