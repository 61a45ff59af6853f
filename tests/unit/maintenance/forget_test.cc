// SPDX-License-Identifier: Apache-2.0
#include "support.h"

namespace hikae::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ForgetTest : public MaintenanceTest {
 protected:
  ForgetTest() {
    for (int i = 0; i < 4; ++i) {
      source.file(std::to_string(i), std::to_string(i));
      back_up();
    }
    all = snapshots(destination);
    clock.set(SystemClock().now());
    lock = lock_exclusively(destination.repository(), clock);
  }

  std::vector<SnapshotId> forget_noting(const std::vector<SnapshotRecord>& records) {
    std::vector<SnapshotId> noted;
    apply_forget(
        destination.repository(),
        *lock,
        records,
        [&](const SnapshotRecord& record) { noted.push_back(record.id); },
        StopToken());
    return noted;
  }

  struct MovableClock final : Clock {
    Instant now() const override { return now_; }
    std::chrono::steady_clock::time_point steady_now() const override { return {}; }
    void set(Instant now) { now_ = now; }
    Instant now_{};
  };

  MovableClock clock;
  std::vector<SnapshotRecord> all;
  std::unique_ptr<RepositoryLock> lock;
};

TEST_F(ForgetTest, RemovesSnapshotsAndKeepsACopyAside) {
  const Bytes file = destination.files().load({FileType::snapshot, all[1].id.hex()}, StopToken());
  const std::uint64_t packs = destination.bytes(FileType::pack);

  EXPECT_THAT(forget_noting({all[1], all[2]}), ElementsAre(all[1].id, all[2].id));

  const auto left = snapshots(destination);
  ASSERT_EQ(left.size(), 2);
  EXPECT_EQ(left[0].id, all[0].id);
  EXPECT_EQ(left[1].id, all[3].id);
  EXPECT_EQ(destination.files().load({FileType::forgotten, all[1].id.hex()}, StopToken()), file);
  EXPECT_EQ(destination.names(FileType::forgotten).size(), 2);
  EXPECT_EQ(destination.bytes(FileType::pack), packs);
  EXPECT_THAT(check(destination).findings, IsEmpty());
}

TEST_F(ForgetTest, AForgottenSnapshotComesBackFromItsCopy) {
  const auto before = read_snapshots(destination.repository());
  forget_noting(all);
  ASSERT_THAT(snapshots(destination), IsEmpty());

  for (const std::string& name : destination.names(FileType::forgotten)) {
    const Bytes copy = destination.files().load({FileType::forgotten, name}, StopToken());
    destination.files().save({FileType::snapshot, name}, copy, StopToken());
  }

  EXPECT_EQ(read_snapshots(destination.repository()), before);
}

TEST_F(ForgetTest, AnInterruptedRunIsRepeated) {
  Fault fault;
  fault.call = Call::remove;
  fault.type = FileType::snapshot;
  destination.fault().add(fault);
  EXPECT_THROW(forget_noting({all[0]}), Error);
  EXPECT_EQ(snapshots(destination).size(), 4);
  EXPECT_EQ(destination.names(FileType::forgotten).size(), 1);

  EXPECT_THAT(forget_noting({all[0]}), ElementsAre(all[0].id));

  EXPECT_EQ(snapshots(destination).size(), 3);
}

TEST_F(ForgetTest, DeletesNothingWhoseCopyCannotBeKept) {
  Fault fault;
  fault.type = FileType::forgotten;
  fault.code = ErrorCode::no_space;
  destination.fault().add(fault);

  EXPECT_THROW(forget_noting({all[0]}), Error);

  EXPECT_EQ(snapshots(destination).size(), 4);
}

TEST_F(ForgetTest, AStoreWithoutThatFolderGetsNoCopy) {
  Fault fault;
  fault.type = FileType::forgotten;
  fault.code = ErrorCode::unsupported;
  destination.fault().add(fault);

  EXPECT_THAT(forget_noting({all[0]}), ElementsAre(all[0].id));

  EXPECT_EQ(snapshots(destination).size(), 3);
}

TEST_F(ForgetTest, StopsWhenTheLockIsGone) {
  std::vector<SnapshotId> noted;

  try {
    apply_forget(
        destination.repository(),
        *lock,
        all,
        [&](const SnapshotRecord& record) {
          noted.push_back(record.id);
          if (noted.size() < 2) return;
          for (const std::string& name : destination.names(FileType::lock))
            destination.files().remove({FileType::lock, name}, StopToken());
        },
        StopToken());
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::lock_lost);
  }

  EXPECT_EQ(noted.size(), 2);
  EXPECT_EQ(snapshots(destination).size(), 2);
}

TEST_F(ForgetTest, StopsWhenTheLockMayHaveBeenCleared) {
  clock.set(clock.now() + kLockStaleAfter + std::chrono::seconds(1));

  EXPECT_THROW(forget_noting({all[0]}), Error);

  EXPECT_EQ(snapshots(destination).size(), 4);
}

TEST_F(ForgetTest, Stops) {
  std::stop_source stop;
  EXPECT_THROW(apply_forget(
                   destination.repository(),
                   *lock,
                   all,
                   [&](const SnapshotRecord&) { stop.request_stop(); },
                   stop.get_token()),
               Cancelled);
  EXPECT_EQ(snapshots(destination).size(), 3);
}

}  // namespace
}  // namespace hikae::testing
