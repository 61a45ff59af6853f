// SPDX-License-Identifier: Apache-2.0
#include "maintenance/copy.h"

#include "support.h"
#include "support/fake_clock.h"

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
    return plan_copy(
        {&destination.repository(), &index_}, to().repository(), to_index_, trees, StopToken());
  }
  CopyEnd apply(const CopyPlan& plan, const CopyOptions& options, const Clock& clock) {
    moved_ = 0;
    return apply_copy({&destination.repository(), &index_},
                      to().repository(),
                      to_index_,
                      plan,
                      options,
                      clock,
                      moved_,
                      StopToken());
  }
  CopyPlan copy(const std::vector<BlobId>& trees) {
    const CopyPlan plan = plan_it(trees);
    EXPECT_EQ(apply(plan, {kit.plan.blobs, {}}, SystemClock()), CopyEnd::complete);
    EXPECT_EQ(moved_, plan.bytes);
    return plan;
  }
  std::vector<BlobId> trees() {
    std::vector<BlobId> result;
    for (const SnapshotRecord& record : snapshots(destination))
      result.push_back(record.snapshot.tree);
    return result;
  }
  // Of some blob of a file in the source.
  BlobLocation data_place() {
    std::optional<BlobLocation> found;
    index_.for_each([&](const BlobLocation& place) {
      if (place.blob.type == format::BlobType::data) found = place;
    });
    return found.value();
  }
  void expect_copied(const BlobId& tree) {
    EXPECT_EQ(read_contents(to().repository(), tree),
              read_contents(destination.repository(), tree));
    EXPECT_THAT(check(to()).findings, IsEmpty());
  }

  Index index_;
  Index to_index_;
  std::atomic<std::uint64_t> moved_{0};
};

TEST_P(CopyTest, IntoAnEmptyRepository) {
  make_generations();

  const CopyPlan plan = copy(trees());

  EXPECT_EQ(plan.blobs, destination.repository().load_index(StopToken()).blob_count());
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
  EXPECT_LT(plan.blobs, all.blob_count());
  EXPECT_EQ(to().repository().load_index(StopToken()).blob_count(), all.blob_count());
  for (const BlobId& tree : trees()) expect_copied(tree);
  EXPECT_TRUE(plan_it(trees()).is_empty());
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
  plan_it({report.tree});
  const BlobLocation data = data_place();
  Bytes pack = destination.files().load({FileType::pack, data.pack.hex()}, StopToken());
  pack[data.blob.offset + 100] ^= 1U;
  destination.replace(FileType::pack, data.pack.hex(), pack);

  EXPECT_THROW(copy({report.tree}), Error);

  EXPECT_THAT(to().names(FileType::index), IsEmpty());
}

TEST_P(CopyTest, EndsInTimeAndGoesOnNextTime) {
  make_generations();
  FakeClock clock;
  CopyOptions options{kit.plan.blobs, clock.steady_now()};

  EXPECT_EQ(apply(plan_it(trees()), options, clock), CopyEnd::out_of_time);

  EXPECT_EQ(moved_, 0);
  EXPECT_EQ(check(to()).errors, 0);
  copy(trees());
  for (const BlobId& tree : trees()) expect_copied(tree);
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

// Whole packs, which only repositories of one key can exchange.
class CopyPacksTest : public CopyTest {};

TEST_P(CopyPacksTest, AreByteForByteThoseOfTheSource) {
  make_generations();

  const CopyPlan plan = copy(trees());

  EXPECT_THAT(plan.places, IsEmpty());
  ASSERT_FALSE(plan.packs.empty());
  const std::vector<std::string> names = destination.names(FileType::pack);
  EXPECT_THAT(to().names(FileType::pack), ::testing::UnorderedElementsAreArray(names));
  for (const std::string& name : names) {
    EXPECT_EQ(to().files().load({FileType::pack, name}, StopToken()),
              destination.files().load({FileType::pack, name}, StopToken()));
  }
}

TEST_P(CopyPacksTest, AreTakenWholeOnlyWhenNearlyAllIsLacking) {
  // One pack holds what two folders need; one of them alone is half of it.
  source.file("a/large", random_text(40'000, 1));
  source.file("b/large", random_text(40'000, 2));
  const BackupReport both = back_up();
  const std::vector<format::Node> root = format::decode_tree(
      destination.repository().load_blob(destination.repository().load_index(StopToken()),
                                         format::BlobType::tree,
                                         both.tree,
                                         StopToken()));
  const BlobId half = root.front().subtree.value();

  const CopyPlan of_half = plan_it({half});
  EXPECT_THAT(of_half.packs, IsEmpty());
  EXPECT_EQ(of_half.places.size(), 2) << "a tree and a file";
  EXPECT_FALSE(plan_it({both.tree}).packs.empty());
}

TEST_P(CopyPacksTest, ThatAnInterruptedCopyStoredAreNotSentAgain) {
  make_generations();
  // It was killed before its index was written.
  for (const std::string& name : destination.names(FileType::pack)) {
    const FileHandle file{FileType::pack, name};
    to().files().save(file, destination.files().load(file, StopToken()), StopToken());
  }
  Fault any_pack;
  any_pack.type = FileType::pack;
  to().fault().add(any_pack);

  copy(trees());

  for (const BlobId& tree : trees()) expect_copied(tree);
}

TEST_P(CopyPacksTest, OfTheWrongNameAreRefused) {
  make_generations();
  plan_it(trees());
  const std::string name = data_place().pack.hex();
  Bytes pack = destination.files().load({FileType::pack, name}, StopToken());
  pack.back() ^= 1U;
  destination.replace(FileType::pack, name, pack);

  try {
    copy(trees());
    FAIL() << "damage was copied";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
  }
  EXPECT_THAT(to().names(FileType::pack), ::testing::Not(::testing::Contains(name)));
}

INSTANTIATE_TEST_SUITE_P(SameKey, CopyPacksTest, ::testing::Values(Target::same_key));

INSTANTIATE_TEST_SUITE_P(Keys,
                         CopyTest,
                         ::testing::Values(Target::same_key, Target::other_key),
                         [](const auto& instance) {
                           return instance.param == Target::same_key ? "Same" : "Other";
                         });

}  // namespace
}  // namespace hikae::testing
