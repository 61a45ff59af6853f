// SPDX-License-Identifier: Apache-2.0
#include "maintenance/lost_packs.h"

#include <set>

#include <gmock/gmock.h>

#include "maintenance/check_packs.h"
#include "storage/forward.h"
#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A store whose list lacks what it has.
class LateList final : public ForwardingBackend {
 public:
  LateList(std::unique_ptr<Backend> inner, const std::set<std::string>& late)
      : ForwardingBackend(std::move(inner)), late_(late) {}
  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override {
    inner().list(
        type,
        [&](const FileInfo& info) {
          if (!late_.contains(info.name)) visit(info);
        },
        stop);
  }

 private:
  const std::set<std::string>& late_;
};

class LostPacksTest : public ::testing::Test {
 protected:
  LostPacksTest() {
    for (const char digit : {'1', '2', '3'}) {
      add(digit);
      store(digit, expected_pack_size(packs_.back().blobs));
    }
  }

  static PackId id(char digit) { return *PackId::parse(std::string(64, digit)); }
  // Each holds the blob "b" and one that has the pack's digit for its id.
  void add(char digit) {
    format::IndexedPack pack;
    pack.id = id(digit);
    pack.blobs.push_back({blob('b'), format::BlobType::data, 0, 40, 0});
    pack.blobs.push_back({blob(digit), format::BlobType::data, 40, 50, 0});
    index_.add(pack);
    packs_.push_back(std::move(pack));
  }
  static BlobId blob(char digit) { return *BlobId::parse(std::string(64, digit)); }
  void store(char digit, std::size_t size) {
    repository_->backend().save(
        {FileType::pack, id(digit).hex()}, as_bytes(std::string(size, 'x')), StopToken());
  }
  void remove(char digit) {
    repository_->backend().remove({FileType::pack, id(digit).hex()}, StopToken());
  }
  std::vector<PackId> leave_out() {
    return leave_out_lost_packs(*repository_, index_, StopToken());
  }
  bool has(char digit) { return index_.has(format::BlobType::data, blob(digit)); }

  std::set<std::string> late_;
  MemoryRepository repository_{std::nullopt, [this](std::unique_ptr<Backend> inner) {
                                 return std::make_unique<LateList>(std::move(inner), late_);
                               }};
  Index index_;
  std::vector<format::IndexedPack> packs_;
};

TEST_F(LostPacksTest, WhatIsThereStays) {
  EXPECT_THAT(leave_out(), IsEmpty());
  EXPECT_EQ(index_.pack_count(), 3);
}

TEST_F(LostPacksTest, AMissingPackGoesWithItsBlobsUnlessTheyLieElsewhere) {
  remove('2');
  EXPECT_THAT(leave_out(), ElementsAre(id('2')));
  EXPECT_FALSE(has('2'));
  EXPECT_TRUE(has('1') && has('3'));
  EXPECT_EQ(index_.find_all(format::BlobType::data, blob('b')).size(), 2);
}

TEST_F(LostPacksTest, OneOfAnotherSizeIsLost) {
  remove('1');
  store('1', 17);
  EXPECT_THAT(leave_out(), ElementsAre(id('1')));
  EXPECT_FALSE(has('1'));
}

TEST_F(LostPacksTest, WhatOnlyTheListLacksStays) {
  late_ = {id('1').hex(), id('3').hex()};
  remove('3');
  EXPECT_THAT(leave_out(), ElementsAre(id('3')));
  EXPECT_TRUE(has('1'));
}

TEST_F(LostPacksTest, APackThatIsIndexedTwiceStaysWhenOneEntryFits) {
  format::IndexedPack part = packs_[0];
  part.blobs.pop_back();
  index_.add(part);
  EXPECT_THAT(leave_out(), IsEmpty());
  EXPECT_TRUE(has('1'));
}

}  // namespace
}  // namespace hikae::testing
