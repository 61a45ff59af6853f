// SPDX-License-Identifier: Apache-2.0
// A store that may list late: what is young there is spared, whatever the clock of this machine
// says.
#include <gmock/gmock.h>

#include "maintenance/prune.h"
#include "repository/snapshots.h"
#include "support/backup_kit.h"
#include "support/dating_store.h"
#include "support/memory_destination.h"
#include "support/memory_repository.h"
#include "support/scripted_source.h"

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

// Three generations of different content, of which two are forgotten, and all of that hours ago.
// Then the second one's content is backed up again: a snapshot that needs old packs alone.
class PruneLateListTest : public ::testing::Test {
 protected:
  // As time goes by for whoever asks again and again.
  class PassingTime final : public ForwardingBackend {
   public:
    PassingTime(std::unique_ptr<Backend> inner, PruneLateListTest& test)
        : ForwardingBackend(std::move(inner)), test_(test) {}
    void list(FileType type,
              const std::function<void(const FileInfo&)>& visit,
              const StopToken& stop) override {
      if (type == FileType::lock) {
        ++test_.lock_lists_;
        test_.store_.advance(test_.passes_);
      }
      inner().list(type, visit, stop);
    }

   private:
    PruneLateListTest& test_;
  };

  std::unique_ptr<Backend> wrap(std::unique_ptr<Backend> inner) {
    auto dating = std::make_unique<DatingStore>(std::move(inner), store_);
    dating_ = dating.get();
    return std::make_unique<PassingTime>(std::move(dating), *this);
  }
  BackupReport back_up(char content) {
    source_.file("file").write(std::string(300'000, content));
    kit_.repositories = {repository_.get()};
    return kit_.run(source_);
  }
  BackupReport make_history() {
    back_up('0');
    back_up('1');
    const auto forgotten = repository_->load_snapshots(log_, StopToken());
    back_up('2');
    for (const SnapshotRecord& record : forgotten)
      repository_->backend().remove({FileType::snapshot, record.id.hex()}, StopToken());
    store_.advance(std::chrono::hours(5));
    const BackupReport made = back_up('1');
    EXPECT_EQ(made.summary.data_blobs, 0) << "it must rely on what nothing else needs";
    return made;
  }
  PruneRemovals prune() {
    PruneBasis basis = read_prune_basis(*repository_, {}, store_, StopToken());
    PruneOptions options;
    options.max_unused_percent = 0;
    options.spared = basis.spared;
    const PrunePlan plan = plan_prune(basis.index, basis.packs, basis.used, options, 4 * kMiB);
    EXPECT_TRUE(plan.changes_anything());
    const SystemClock clock;
    const auto lock = lock_exclusively(*repository_, clock);
    lock_lists_ = 0;
    PruneProgress progress;
    return apply_prune_removals(
        *repository_, *lock, basis, plan, store_, log_, progress, StopToken());
  }

  FakeClock store_{Instant(std::chrono::seconds(1'700'000'000))};
  DatingStore* dating_ = nullptr;
  std::chrono::minutes passes_{0};
  int lock_lists_ = 0;
  MemoryRepository repository_{
      std::nullopt, [this](std::unique_ptr<Backend> inner) { return wrap(std::move(inner)); }};
  ScriptedSource source_;
  BackupKit kit_;
  NullLog log_;
};

// The lock is listed some time after it was taken, or not before the whole lag has passed.
TEST_F(PruneLateListTest, ASnapshotThatIsNotListedYetKeepsThePacksThatItNeeds) {
  for (const minutes late : {minutes(12), minutes(30)}) {
    dating_->list_late_by(minutes(0));
    const BackupReport made = make_history();
    dating_->list_late_by(late);
    passes_ = minutes(4);
    const PruneRemovals removals = prune();
    EXPECT_FALSE(removals.items.empty()) << "the first generation's";
    EXPECT_FALSE(removals.spared.empty());
    dating_->list_late_by(minutes(0));
    EXPECT_EQ(read_contents(*repository_, made.tree), source_.contents()) << late.count();
  }
}

TEST_F(PruneLateListTest, AStoreThatListsAtOnceIsAskedOnce) {
  const BackupReport made = make_history();
  const Instant before = store_.now();
  prune();
  EXPECT_EQ(lock_lists_, 1);
  EXPECT_EQ(store_.now(), before);
  EXPECT_EQ(read_contents(*repository_, made.tree), source_.contents());
}

}  // namespace
}  // namespace hikae::testing
