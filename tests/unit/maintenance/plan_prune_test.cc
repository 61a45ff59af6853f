// SPDX-License-Identifier: Apache-2.0
// What is removed, rewritten and kept, decided from an index made by hand.
#include <gmock/gmock.h>

#include "crypto/hash.h"
#include "maintenance/check_packs.h"
#include "maintenance/prune.h"

namespace hikae::testing {
namespace {

using Action = PruneItem::Action;
using Reason = PruneItem::Reason;
using format::BlobType;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr std::uint64_t kPackSize = 10'000;

struct Blob {
  BlobType type = BlobType::data;
  bool used = true;
  std::uint32_t length = 1000;
};
constexpr Blob kUsed{};
constexpr Blob kUnused{BlobType::data, false};
constexpr Blob kUsedTree{BlobType::tree, true};
constexpr Blob kUnusedTree{BlobType::tree, false};

class PlanPruneTest : public ::testing::Test {
 protected:
  PackId add(const std::vector<Blob>& blobs) {
    format::IndexedPack pack;
    pack.id = id_cast<PackId>(sha256(as_bytes("pack " + std::to_string(packs_.size()))));
    std::uint32_t offset = 0;
    for (const Blob& blob : blobs) {
      const auto id = id_cast<BlobId>(sha256(as_bytes(std::to_string(used_.size()))));
      pack.blobs.push_back({id, blob.type, offset, blob.length, 0});
      offset += blob.length;
      used_.push_back(blob.used ? 1 : 0);
    }
    add_listing(pack);
    files_[pack.id] = expected_pack_size(pack.blobs);
    return pack.id;
  }
  // Ten packs' worth of used data, so that percentages have a base.
  void add_full_packs(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) add(std::vector<Blob>(9, kUsed));
  }
  void add_listing(const format::IndexedPack& pack) {
    packs_.push_back(pack);
    index_.add(pack);
  }

  PrunePlan plan(const PruneOptions& options = PruneOptions()) {
    return plan_prune(index_, files_, used_, options, kPackSize);
  }
  static PruneItem item(const PrunePlan& plan, const PackId& pack) {
    std::vector<PruneItem> found;
    for (const PruneItem& candidate : plan.items) {
      if (candidate.pack == pack) found.push_back(candidate);
    }
    EXPECT_EQ(found.size(), 1);
    return found.empty() ? PruneItem() : found.front();
  }
  static std::pair<Action, Reason> decision(const PrunePlan& plan, const PackId& pack) {
    const PruneItem found = item(plan, pack);
    return {found.action, found.reason};
  }

  std::vector<format::IndexedPack> packs_;
  Index index_;
  std::map<PackId, std::uint64_t> files_;
  std::vector<char> used_;
};

std::pair<Action, Reason> decided(Action action, Reason reason) {
  return {action, reason};
}

TEST_F(PlanPruneTest, NothingToDo) {
  add_full_packs(3);
  const PrunePlan result = plan();
  EXPECT_FALSE(result.changes_anything());
  EXPECT_EQ(result.items.size(), 3);
  for (const PruneItem& pack : result.items) {
    EXPECT_EQ(pack.action, Action::keep);
    EXPECT_EQ(pack.reason, Reason::all_used);
  }
  EXPECT_EQ(result.bytes_unused, 0);
  EXPECT_THAT(result.to_move, IsEmpty());
}

TEST_F(PlanPruneTest, EmptyRepository) {
  EXPECT_FALSE(plan().changes_anything());
}

TEST_F(PlanPruneTest, RemovesWhatNobodyUses) {
  add_full_packs(1);
  const PackId pack = add(std::vector<Blob>(9, kUnused));
  const PrunePlan result = plan();
  EXPECT_EQ(decision(result, pack), decided(Action::remove, Reason::nothing_used));
  EXPECT_EQ(result.bytes_to_remove, files_[pack]);
  EXPECT_EQ(result.bytes_freed, files_[pack]);
  EXPECT_THAT(result.to_move, IsEmpty());
}

TEST_F(PlanPruneTest, RemovesPacksThatNoIndexNames) {
  add_full_packs(1);
  const auto orphan = id_cast<PackId>(sha256(as_bytes("orphan")));
  files_[orphan] = 4321;
  const PrunePlan result = plan();
  EXPECT_EQ(decision(result, orphan), decided(Action::remove, Reason::not_indexed));
  EXPECT_EQ(result.bytes_freed, 4321);
}

TEST_F(PlanPruneTest, LeavesWhatIsSparedAsItIs) {
  const PackId unused = add(std::vector<Blob>(9, kUnused));
  const PackId partly = add({kUsed, kUnused, kUnused, kUnused});
  const PackId used = add({kUsed, kUsed});
  const auto orphan = id_cast<PackId>(sha256(as_bytes("orphan")));
  files_[orphan] = 4321;
  PruneOptions options;
  options.max_unused_percent = 0;
  options.spared = {unused, partly, used, orphan};
  const PrunePlan result = plan(options);
  for (const PackId& pack : {unused, partly, orphan})
    EXPECT_EQ(decision(result, pack), decided(Action::keep, Reason::spared));
  EXPECT_EQ(decision(result, used), decided(Action::keep, Reason::all_used));
  EXPECT_FALSE(result.changes_anything());
  EXPECT_EQ(result.bytes_unused, result.bytes_left_unused);
}

TEST_F(PlanPruneTest, RewritesPartlyUsedPacksBeyondTheLimit) {
  const PackId pack = add({kUsed, kUnused, kUsed, kUnused, kUsed});
  const PrunePlan result = plan();
  EXPECT_EQ(decision(result, pack), decided(Action::repack, Reason::partly_used));
  std::vector<BlobId> moved;
  for (const BlobLocation& place : result.to_move) moved.push_back(place.blob.id);
  EXPECT_THAT(
      moved,
      UnorderedElementsAre(packs_[0].blobs[0].id, packs_[0].blobs[2].id, packs_[0].blobs[4].id));
  EXPECT_EQ(result.bytes_left_unused, 0);
  EXPECT_EQ(result.bytes_freed, 2 * (1000 + format::header_entry_size(packs_[0].blobs[1])));
}

TEST_F(PlanPruneTest, LeavesUnusedWhatTheLimitAllows) {
  add_full_packs(10);
  const PackId pack = add({kUsed, kUsed, kUsed, kUnused, kUsed, kUsed, kUsed, kUsed});
  PruneOptions options;
  options.max_unused_percent = 5;
  EXPECT_EQ(decision(plan(options), pack), decided(Action::keep, Reason::within_limit));
  EXPECT_GT(plan(options).bytes_left_unused, 0);
  options.max_unused_percent = 0;
  EXPECT_EQ(decision(plan(options), pack), decided(Action::repack, Reason::partly_used));
  options.max_unused_bytes = 2000;
  EXPECT_EQ(decision(plan(options), pack), decided(Action::keep, Reason::within_limit));
  options.max_unused_bytes = 1000;
  EXPECT_EQ(decision(plan(options), pack), decided(Action::repack, Reason::partly_used));
}

TEST_F(PlanPruneTest, RewritesTheEmptiestFirst) {
  const PackId half = add({kUsed, kUsed, kUsed, kUnused, kUnused, kUnused});
  const PackId mostly_empty = add({kUsed, kUnused, kUnused, kUnused, kUnused, kUnused});
  PruneOptions options;
  options.max_unused_bytes = 3500;
  const PrunePlan result = plan(options);
  EXPECT_EQ(decision(result, mostly_empty), decided(Action::repack, Reason::partly_used));
  EXPECT_EQ(decision(result, half), decided(Action::keep, Reason::within_limit));
}

TEST_F(PlanPruneTest, RewritesPartlyUsedTreesWhateverTheLimit) {
  add_full_packs(10);
  const PackId pack = add({kUsedTree, kUsedTree, kUsedTree, kUnusedTree});
  PruneOptions options;
  options.max_unused_percent = 100;
  EXPECT_EQ(decision(plan(options), pack), decided(Action::repack, Reason::partly_used));
}

TEST_F(PlanPruneTest, SeparatesTreesFromData) {
  const PackId pack = add({kUsed, kUsedTree, kUsed});
  const PrunePlan result = plan();
  EXPECT_EQ(decision(result, pack), decided(Action::repack, Reason::mixed));
  EXPECT_EQ(result.to_move.size(), 3);
}

TEST_F(PlanPruneTest, JoinsSmallPacksWhenThereAreSome) {
  std::vector<PackId> small;
  for (int i = 0; i < 9; ++i) small.push_back(add({kUsed}));
  EXPECT_FALSE(plan().changes_anything());
  small.push_back(add({kUsed}));
  const PrunePlan result = plan();
  for (const PackId& pack : small)
    EXPECT_EQ(decision(result, pack), decided(Action::repack, Reason::small));
  EXPECT_EQ(result.to_move.size(), 10);
}

TEST_F(PlanPruneTest, RewritesNoMoreThanAskedFor) {
  for (int i = 0; i < 10; ++i) add({kUsed});  // small
  add({kUsed, kUsedTree, kUsed});             // mixed
  add({kUsed, kUsed, kUnused, kUnused});      // partly used
  for (const std::uint64_t most : {0U, 999U, 2500U, 5000U, 14'000U}) {
    PruneOptions options;
    options.max_unused_percent = 0;
    options.max_repack_bytes = most;
    EXPECT_LE(plan(options).bytes_to_repack, most);
  }
  PruneOptions options;
  options.max_unused_percent = 0;
  options.max_repack_bytes = 5000;
  EXPECT_GT(plan(options).bytes_to_repack, 0);
}

// A killed prune leaves packs that two index files name; the flags then stand at one of them only.
TEST_F(PlanPruneTest, APackThatIsNamedTwiceIsOnePack) {
  const PackId full = add(std::vector<Blob>(9, kUsed));
  const PackId partly = add({kUsed, kUnused, kUnused, kUsed});
  const PackId unused = add({kUnused, kUnused});
  const PrunePlan once = plan();
  for (std::size_t i = 0; i < 3; ++i) {
    add_listing(format::IndexedPack(packs_[i]));
    used_.insert(used_.end(), packs_[i].blobs.size(), 0);
  }

  const PrunePlan twice = plan();

  EXPECT_EQ(decision(twice, full), decided(Action::keep, Reason::all_used));
  EXPECT_EQ(decision(twice, partly), decided(Action::repack, Reason::partly_used));
  EXPECT_EQ(decision(twice, unused), decided(Action::remove, Reason::nothing_used));
  EXPECT_EQ(twice.to_move.size(), 2);
  EXPECT_EQ(twice.bytes_total, once.bytes_total);
  EXPECT_EQ(twice.bytes_used, once.bytes_used);
  EXPECT_EQ(twice.bytes_unused, once.bytes_unused);
  EXPECT_EQ(twice.bytes_freed, once.bytes_freed);
}

TEST_F(PlanPruneTest, APackWhoseUsedBlobsAreFlaggedInTheSecondNamingIsKept) {
  const PackId pack = add(std::vector<Blob>(9, kUnused));
  add_listing(format::IndexedPack(packs_[0]));
  used_.insert(used_.end(), 9, 1);

  EXPECT_NE(item(plan(), pack).action, Action::remove);
}

TEST_F(PlanPruneTest, TheSumsAreThoseOfTheItems) {
  add_full_packs(2);
  add({kUsed, kUnused});
  add({kUnused});
  const PrunePlan result = plan();
  std::uint64_t total = 0;
  for (const auto& [pack, size] : files_) total += size;
  EXPECT_EQ(result.bytes_total, total);
  std::uint64_t used = 0;
  for (const PruneItem& pack : result.items) used += pack.used_bytes;
  EXPECT_EQ(result.bytes_used, used);
  EXPECT_LE(result.bytes_used + result.bytes_unused, total);
}

}  // namespace
}  // namespace hikae::testing
