// SPDX-License-Identifier: Apache-2.0
// A store that may list late: what is young there is spared, whatever the clock of this machine
// says.
#include <gmock/gmock.h>

#include "maintenance/prune.h"
#include "support/dating_store.h"
#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

using std::chrono::minutes;
using ::testing::UnorderedElementsAre;

class PruneLagTest : public ::testing::Test {
 protected:
  PackId save_pack(char digit) {
    const std::string name(64, digit);
    repository_->backend().save({FileType::pack, name}, as_bytes("pack"), StopToken());
    return *PackId::parse(name);
  }
  void save_lock() {
    repository_->backend().save(
        {FileType::lock, std::string(64, 'e')}, as_bytes("lock"), StopToken());
  }
  std::unordered_set<PackId> spared_by(Instant now) {
    return read_prune_basis(*repository_, {}, FakeClock(now), StopToken()).spared;
  }

  FakeClock store_{Instant(std::chrono::seconds(1'700'000'000))};
  MemoryRepository repository_{std::nullopt, [this](std::unique_ptr<Backend> inner) {
                                 return std::make_unique<DatingStore>(std::move(inner), store_);
                               }};
};

TEST_F(PruneLagTest, TheClockOfTheStoreTellsWhatIsYoung) {
  save_pack('1');
  store_.advance(minutes(31));
  const PackId young = save_pack('2');
  store_.advance(minutes(5));
  save_lock();
  EXPECT_THAT(spared_by(store_.now()), UnorderedElementsAre(young));
  EXPECT_THAT(spared_by(store_.now() + minutes(40)), UnorderedElementsAre(young))
      << "this machine's clock is ahead";
}

TEST_F(PruneLagTest, AClockThatIsBehindSparesMore) {
  const PackId first = save_pack('1');
  store_.advance(minutes(31));
  const PackId second = save_pack('2');
  save_lock();
  EXPECT_THAT(spared_by(store_.now() - minutes(20)), UnorderedElementsAre(first, second));
}

}  // namespace
}  // namespace hikae::testing
