// SPDX-License-Identifier: Apache-2.0
#include "repository/lock.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "os/process.h"
#include "repository/blob_writer.h"
#include "repository/early_reading.h"
#include "support/dating_store.h"
#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

using std::chrono::minutes;

class LockTest : public ::testing::Test {
 protected:
  LockTest() {
    me_.hostname = "host";
    me_.username = "user";
    me_.pid = getpid();
    me_.boot_id = os::boot_id();
    me_.pid_ns = os::pid_namespace();
    me_.pid_start = os::process_start(getpid());
  }

  std::unique_ptr<RepositoryLock> acquire(LockMode mode) {
    LockOptions options;
    options.settle = std::chrono::milliseconds(1);
    return RepositoryLock::acquire(
        *repository_, mode, me_, repository_.clock(), options, log_, StopToken());
  }

  ErrorCode code_of_acquire(LockMode mode) {
    try {
      acquire(mode);
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "acquired";
    return ErrorCode::io;
  }

  // A lock as another program on another machine writes it.
  void plant(format::Lock lock) {
    repository_->save_unpacked(FileType::lock, format::encode(lock), StopToken());
  }
  format::Lock foreign(Instant time) {
    format::Lock lock;
    lock.time = format::to_timestamp(time);
    lock.hostname = "elsewhere";
    lock.username = "somebody";
    lock.pid = 1;
    return lock;
  }

  void unlock_foreign() {
    for (const LockRecord& record : load_locks(*repository_, StopToken())) {
      if (record.lock.hostname != "elsewhere") continue;
      repository_->backend().remove({FileType::lock, record.id.hex()}, StopToken());
    }
  }

  void fail_next(Call call) {
    repository_.faults().add({call,
                              FileType::lock,
                              1,
                              Fault::Effect::fail_before,
                              Fault::Lasting::once,
                              ErrorCode::io,
                              Retry::no});
  }

  MemoryRepository repository_;
  Identity me_;
  NullLog log_;
};

TEST_F(LockTest, SharedOnesGoTogetherAndAnExclusiveOneAlone) {
  auto first = acquire(LockMode::shared);
  auto second = acquire(LockMode::shared);
  EXPECT_EQ(code_of_acquire(LockMode::exclusive), ErrorCode::locked);
  first.reset();
  second.reset();
  const auto alone = acquire(LockMode::exclusive);
  EXPECT_EQ(code_of_acquire(LockMode::shared), ErrorCode::locked);
}

TEST_F(LockTest, RefusalNamesTheHolder) {
  plant(foreign(repository_.clock().now()));
  try {
    acquire(LockMode::exclusive);
    FAIL();
  } catch (const Error& error) {
    const std::string said = render(error, Language::en);
    EXPECT_NE(said.find("elsewhere"), std::string::npos) << said;
    EXPECT_NE(said.find("somebody"), std::string::npos) << said;
    EXPECT_TRUE(error.hint());
  }
  EXPECT_EQ(repository_.count(FileType::lock), 1);
}

TEST_F(LockTest, ALockWithoutRefreshForHalfAnHourIsCleared) {
  plant(foreign(repository_.clock().now()));
  repository_.clock().advance(minutes(29));
  EXPECT_EQ(code_of_acquire(LockMode::exclusive), ErrorCode::locked);
  repository_.clock().advance(minutes(2));
  EXPECT_TRUE(acquire(LockMode::exclusive));
}

TEST_F(LockTest, ADateInTheFutureIsNotTrustedWhereTheStoreKnowsBetter) {
  const Instant now = repository_.clock().now();
  const auto alive = [](std::int64_t, const std::string&) { return true; };
  LockRecord ahead;
  ahead.lock = foreign(now + std::chrono::hours(240));
  ahead.stored = now - minutes(29);
  EXPECT_FALSE(is_stale(judged_lock(ahead, now), me_, now, alive)) << "it is refreshed";
  ahead.stored = now - minutes(31);
  EXPECT_TRUE(is_stale(judged_lock(ahead, now), me_, now, alive));
  ahead.stored.reset();
  EXPECT_FALSE(is_stale(judged_lock(ahead, now), me_, now, alive)) << "nobody knows better";
  // A little ahead is an ordinary clock.
  LockRecord near;
  near.lock = foreign(now + minutes(4));
  near.stored = now - minutes(31);
  EXPECT_FALSE(is_stale(judged_lock(near, now), me_, now, alive));
}

// A store with dates of its own, and a machine whose clock is ahead of it.
TEST(LockByTheStoresDates, AClockThatIsAheadRemovesNoLivingLock) {
  FakeClock store(Instant(std::chrono::seconds(1'700'000'000)));
  MemoryRepository repository(std::nullopt, [&](std::unique_ptr<Backend> inner) {
    return std::make_unique<DatingStore>(std::move(inner), store);
  });
  FakeClock ahead(store.now() + minutes(40));
  const auto plant = [&](Instant time) {
    format::Lock lock;
    lock.time = format::to_timestamp(time);
    lock.hostname = "elsewhere";
    lock.username = "somebody";
    lock.pid = 1;
    repository->save_unpacked(FileType::lock, format::encode(lock), StopToken());
  };
  const auto can_lock = [&] {
    LockOptions options;
    options.settle = std::chrono::milliseconds(1);
    NullLog log;
    Identity me;
    me.hostname = "host";
    me.username = "user";
    me.pid = getpid();
    try {
      RepositoryLock::acquire(
          *repository, LockMode::exclusive, me, ahead, options, log, StopToken());
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::locked);
      return false;
    }
  };
  plant(store.now());
  store.advance(minutes(29));
  ahead.advance(minutes(29));
  EXPECT_FALSE(can_lock());
  EXPECT_EQ(repository.count(FileType::lock), 1U) << "and it stays";
  store.advance(minutes(2));
  ahead.advance(minutes(2));
  EXPECT_TRUE(can_lock());
  EXPECT_EQ(repository.count(FileType::lock), 0U);
  // In a copy of a repository the store's date is that of the copying: it proves nothing.
  plant(store.now() - std::chrono::hours(24));
  EXPECT_TRUE(can_lock());
}

TEST_F(LockTest, HostnameAndPidAloneProveNothing) {
  format::Lock same_name = foreign(repository_.clock().now());
  same_name.hostname = me_.hostname;
  same_name.pid = 999'999'999;
  const auto gone = [](std::int64_t, const std::string&) { return false; };
  EXPECT_FALSE(is_stale(same_name, me_, repository_.clock().now(), gone));
  same_name.boot_id = me_.boot_id;
  EXPECT_FALSE(is_stale(same_name, me_, repository_.clock().now(), gone));
  same_name.pid_ns = "pid:[1]";
  EXPECT_FALSE(is_stale(same_name, me_, repository_.clock().now(), gone));
  same_name.pid_ns = me_.pid_ns;
  EXPECT_TRUE(is_stale(same_name, me_, repository_.clock().now(), gone));
  EXPECT_FALSE(
      is_stale(same_name, me_, repository_.clock().now(), [](std::int64_t, const std::string&) {
        return true;
      }));
}

TEST_F(LockTest, ADamagedLockBlocksUntilItIsOldOrRemoved) {
  const FileHandle file{FileType::lock, std::string(64, '5')};
  repository_->backend().save(file, as_bytes("no lock at all"), StopToken());
  EXPECT_EQ(code_of_acquire(LockMode::shared), ErrorCode::locked);
  LockRecord damaged = load_locks(*repository_, StopToken()).front();
  EXPECT_TRUE(damaged.damaged);
  const auto alive = [](std::int64_t, const std::string&) { return true; };
  damaged.lock.time = format::to_timestamp(repository_.clock().now() - minutes(29));
  EXPECT_FALSE(is_stale(damaged.lock, me_, repository_.clock().now(), alive));
  damaged.lock.time = format::to_timestamp(repository_.clock().now() - minutes(31));
  EXPECT_TRUE(is_stale(damaged.lock, me_, repository_.clock().now(), alive));
  EXPECT_EQ(unlock(*repository_, UnlockScope::all, me_, repository_.clock(), StopToken()).size(),
            1U);
  EXPECT_TRUE(acquire(LockMode::exclusive));
}

TEST_F(LockTest, AProcessThatIsGoneHereBlocksNobody) {
  format::Lock dead = foreign(repository_.clock().now());
  dead.boot_id = me_.boot_id;
  dead.pid_ns = me_.pid_ns;
  dead.pid = 999'999'999;
  dead.exclusive = true;
  plant(dead);
  EXPECT_TRUE(acquire(LockMode::shared));
}

TEST_F(LockTest, ANumberThatAnotherProcessHasByNowBlocksNobody) {
  format::Lock dead = foreign(repository_.clock().now());
  dead.boot_id = me_.boot_id;
  dead.pid_ns = me_.pid_ns;
  dead.pid = getpid();
  dead.exclusive = true;
  plant(dead);
  EXPECT_EQ(code_of_acquire(LockMode::shared), ErrorCode::locked) << "who wrote no start may live";
  dead.pid_start = me_.pid_start + "1";
  plant(dead);
  unlock(*repository_, UnlockScope::stale, me_, repository_.clock(), StopToken());
  const auto left = load_locks(*repository_, StopToken());
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().lock.pid_start, "");
}

TEST_F(LockTest, ConfirmNoticesThatTheLockIsGone) {
  const auto lock = acquire(LockMode::shared);
  lock->confirm(StopToken());
  unlock(*repository_, UnlockScope::all, me_, repository_.clock(), StopToken());
  try {
    lock->confirm(StopToken());
    FAIL() << "a lost lock went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::lock_lost);
  }
}

TEST_F(LockTest, ConfirmDoesNotTrustALockThatOthersMayClear) {
  const auto lock = acquire(LockMode::shared);
  repository_.clock().advance(minutes(31));
  EXPECT_THROW(lock->confirm(StopToken()), Error);
  EXPECT_THROW(lock->refresh(StopToken()), Error);
}

// Saving a snapshot may take minutes, and others' clocks may be ahead.
TEST_F(LockTest, ConfirmLeavesTimeForWhatIsDoneThen) {
  const auto lock = acquire(LockMode::shared);
  repository_.clock().advance(minutes(22));
  lock->confirm(StopToken());
  repository_.clock().advance(minutes(1));
  EXPECT_THROW(lock->confirm(StopToken()), Error);
}

// Others have cleared the lock, and pruned: the packs that this index names are gone.
TEST_F(LockTest, WhoHasLostHisLockWritesNoIndex) {
  const Index empty;
  const Bytes content(100'000);
  BlobScratch scratch(Compression::off);
  auto lock = acquire(LockMode::shared);
  BlobWriter writer({{repository_.get(), &empty}}, {}, repository_.clock(), StopToken());
  writer.save(format::BlobType::data, content, scratch);
  repository_.clock().advance(minutes(31));
  try {
    writer.finish();
    ADD_FAILURE() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::lock_lost);
  }
  EXPECT_EQ(repository_.count(FileType::index), 0);

  // Who works without a lock, or with another one, is not asked.
  lock.reset();
  BlobWriter second({{repository_.get(), &empty}}, {}, repository_.clock(), StopToken());
  second.save(format::BlobType::data, content, scratch);
  second.finish();
  lock = acquire(LockMode::shared);
  BlobWriter third({{repository_.get(), &empty}}, {}, repository_.clock(), StopToken());
  third.save(format::BlobType::data, content, scratch);
  third.finish();
  EXPECT_EQ(repository_.count(FileType::index), 2);
}

TEST_F(LockTest, RefreshWritesANewFileAndDropsTheOld) {
  const auto lock = acquire(LockMode::shared);
  const LockId before = load_locks(*repository_, StopToken()).front().id;
  repository_.clock().advance(minutes(20));
  lock->refresh(StopToken());
  repository_.clock().advance(minutes(20));
  lock->confirm(StopToken());
  const auto locks = load_locks(*repository_, StopToken());
  ASSERT_EQ(locks.size(), 1);
  EXPECT_NE(locks.front().id, before);
}

TEST_F(LockTest, ARefreshThatFailsMakesTheLockNoYounger) {
  const auto lock = acquire(LockMode::shared);
  repository_.clock().advance(minutes(20));
  fail_next(Call::save);
  EXPECT_THROW(lock->refresh(StopToken()), Error);
  lock->confirm(StopToken());
  repository_.clock().advance(minutes(11));
  // What others see is 31 minutes old: they may have cleared it.
  EXPECT_THROW(lock->confirm(StopToken()), Error);
}

// The answer was lost, or nobody waited for it.
TEST_F(LockTest, AFileThatIsStoredAlthoughTheCallFailedGoesToo) {
  Fault fault;
  fault.type = FileType::lock;
  fault.effect = Fault::Effect::fail_after;
  repository_.faults().add(fault);
  EXPECT_THROW(acquire(LockMode::exclusive), Error);
  EXPECT_EQ(repository_.count(FileType::lock), 0);

  auto lock = acquire(LockMode::shared);
  repository_.faults().add(fault);
  EXPECT_THROW(lock->refresh(StopToken()), Error);
  lock->confirm(StopToken());
  lock->refresh(StopToken());
  EXPECT_EQ(repository_.count(FileType::lock), 1);
  lock->confirm(StopToken());
  repository_.faults().add(fault);
  EXPECT_THROW(lock->refresh(StopToken()), Error);
  lock.reset();
  EXPECT_EQ(repository_.count(FileType::lock), 0);
}

TEST_F(LockTest, AnOldFileThatCouldNotBeDeletedGoesLater) {
  auto lock = acquire(LockMode::shared);
  fail_next(Call::remove);
  EXPECT_THROW(lock->refresh(StopToken()), Error);
  lock->confirm(StopToken());
  EXPECT_EQ(repository_.count(FileType::lock), 2);
  lock.reset();
  EXPECT_EQ(repository_.count(FileType::lock), 0);
}

TEST_F(LockTest, TheKeeperTriesAgainAfterAFailure) {
  const auto lock = acquire(LockMode::shared);
  const LockId before = load_locks(*repository_, StopToken()).front().id;
  fail_next(Call::save);
  const std::chrono::milliseconds soon(1);
  const LockKeeper keeper({lock.get()}, log_, StopToken(), {soon, soon});
  const auto held = [&] {
    const auto locks = load_locks(*repository_, StopToken());
    return locks.empty() ? before : locks.front().id;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (held() == before) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(LockTest, UnlockLeavesTheLivingAlone) {
  plant(foreign(repository_.clock().now() - minutes(40)));
  plant(foreign(repository_.clock().now()));
  EXPECT_EQ(unlock(*repository_, UnlockScope::stale, me_, repository_.clock(), StopToken()).size(),
            1);
  EXPECT_EQ(repository_.count(FileType::lock), 1);
  EXPECT_EQ(unlock(*repository_, UnlockScope::all, me_, repository_.clock(), StopToken()).size(),
            1);
  EXPECT_EQ(repository_.count(FileType::lock), 0);
}

TEST_F(LockTest, WaitingEndsWhenTheHolderLetsGo) {
  auto holder = acquire(LockMode::exclusive);
  LockOptions options;
  options.settle = std::chrono::milliseconds(1);
  options.retry_for = std::chrono::hours(1);
  TaskGroup tasks{StopToken()};
  tasks.spawn("holder", [&](const StopToken&) { holder.reset(); });
  EXPECT_TRUE(RepositoryLock::acquire(
      *repository_, LockMode::exclusive, me_, repository_.clock(), options, log_, StopToken()));
  tasks.join();
}

TEST_F(LockTest, AReadOnlyDestinationSaysSo) {
  repository_.faults().add({Call::save,
                            FileType::lock,
                            1,
                            Fault::Effect::fail_before,
                            Fault::Lasting::once,
                            ErrorCode::read_only,
                            Retry::no});
  EXPECT_EQ(code_of_acquire(LockMode::shared), ErrorCode::read_only);
}

// Keeps what is said to it.
class HeardLog final : public Log {
 public:
  void write(LogLevel, const Text& message) override { heard.lock()->push_back(message); }
  std::vector<std::string> keys() {
    std::vector<std::string> result;
    for (const Text& text : *heard.lock()) result.push_back(text.key);
    return result;
  }
  Guarded<std::vector<Text>> heard;
};

class UndeletableLockTest : public LockTest {
 protected:
  // Credentials of a bucket that may not delete.
  UndeletableLockTest() {
    repository_.faults().add({Call::remove,
                              FileType::lock,
                              1,
                              Fault::Effect::fail_before,
                              Fault::Lasting::from_then_on,
                              ErrorCode::permission,
                              Retry::no});
  }
  std::unique_ptr<RepositoryLock> acquire_heard(LockMode mode) {
    LockOptions options;
    options.settle = std::chrono::milliseconds(1);
    return RepositoryLock::acquire(
        *repository_, mode, me_, repository_.clock(), options, heard_, StopToken());
  }
  HeardLog heard_;
};

TEST_F(UndeletableLockTest, TheLockStaysAndItIsSaidUntilWhen) {
  auto lock = acquire_heard(LockMode::shared);
  const Instant taken = repository_.clock().now();
  lock.reset();
  ASSERT_EQ(heard_.keys(), std::vector<std::string>{"repository.lock_stays"});
  const std::string words = render(heard_.heard.lock()->front(), Language::en);
  const std::string until = format::to_rfc3339(format::to_timestamp(taken + kLockStaleAfter));
  EXPECT_NE(words.find(until), std::string::npos) << words;
  EXPECT_EQ(repository_.count(FileType::lock), 1);
}

TEST_F(UndeletableLockTest, StaleOnesThatStayBlockNobody) {
  plant(foreign(repository_.clock().now() - minutes(31)));
  EXPECT_TRUE(acquire_heard(LockMode::exclusive));
  EXPECT_EQ(heard_.keys().front(), "repository.stale_lock_ignored");
  EXPECT_EQ(repository_.count(FileType::lock), 2);
}

TEST_F(UndeletableLockTest, ARefreshKeepsTheLockAlive) {
  auto lock = acquire_heard(LockMode::shared);
  for (int i = 0; i < 10; ++i) {
    repository_.clock().advance(kLockRefreshInterval);
    lock->refresh(StopToken());
  }
  lock->confirm(StopToken());
}

TEST_F(LockTest, RequireLockableLooksPastItsOwnLockOnly) {
  auto mine = acquire(LockMode::shared);
  const auto require = [&] {
    require_lockable(
        *repository_, LockMode::exclusive, *mine, me_, repository_.clock(), log_, StopToken());
  };
  require();
  plant(foreign(repository_.clock().now()));
  try {
    require();
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::locked);
  }
  EXPECT_EQ(repository_.count(FileType::lock), 2);
}

TEST_F(LockTest, SharingLeavesNoMomentWithoutALockAndLetsOthersIn) {
  const auto lock = acquire(LockMode::exclusive);
  EXPECT_EQ(lock->mode(), LockMode::exclusive);
  lock->share(StopToken());
  EXPECT_EQ(lock->mode(), LockMode::shared);
  EXPECT_EQ(repository_.count(FileType::lock), 1);
  EXPECT_FALSE(load_locks(*repository_, StopToken()).front().lock.exclusive);
  lock->confirm(StopToken());
  EXPECT_TRUE(acquire(LockMode::shared));
  EXPECT_EQ(code_of_acquire(LockMode::exclusive), ErrorCode::locked);
}

TEST_F(LockTest, SharingThatFailsKeepsItExclusive) {
  const auto lock = acquire(LockMode::exclusive);
  fail_next(Call::save);
  EXPECT_THROW(lock->share(StopToken()), Error);
  EXPECT_EQ(lock->mode(), LockMode::exclusive);
  lock->confirm(StopToken());
  EXPECT_EQ(code_of_acquire(LockMode::shared), ErrorCode::locked);
}

class ReadEarlyTest : public LockTest {
 protected:
  std::unique_ptr<RepositoryLock> acquire_with(const LockOptions& options) {
    return RepositoryLock::acquire(
        *repository_, LockMode::exclusive, me_, repository_.clock(), options, log_, StopToken());
  }
  // Counts the calls, and plants somebody else's lock in the first one.
  LockOptions watched(std::chrono::milliseconds settle) {
    LockOptions options;
    options.settle = settle;
    options.may_read = [this] {
      EXPECT_EQ(repository_.count(FileType::lock), 1);
      if (++may_read_ == 1) plant(foreign(repository_.clock().now()));
    };
    options.taken_back = [this] { ++taken_back_; };
    return options;
  }
  int may_read_ = 0;
  int taken_back_ = 0;
};

TEST_F(ReadEarlyTest, BeginsBeforeTheLockHasSettledAndIsTakenBackOnAConflict) {
  EXPECT_THROW(acquire_with(watched(std::chrono::milliseconds(1))), Error);
  EXPECT_EQ(may_read_, 1);
  EXPECT_EQ(taken_back_, 1);
}

TEST_F(ReadEarlyTest, BeginsWithTheHeldLockWhereTheFileTookTooLong) {
  // No writing is quicker than this.
  EXPECT_TRUE(acquire_with(watched(std::chrono::milliseconds(0))));
  EXPECT_EQ(may_read_, 1);
  EXPECT_EQ(taken_back_, 0);
}

TEST_F(ReadEarlyTest, WhatWasReadForALockThatWasNotHadIsReadAgain) {
  std::atomic<int> begun{0};
  std::atomic<int> stopped{0};
  EarlyReading early(
      [&](const StopToken& stop) {
        if (++begun > 1) return;
        // The first one would take for ever.
        Guarded<int> nothing;
        nothing.lock().wait(stop, [] { return false; });
        ++stopped;
        throw Cancelled();
      },
      StopToken());
  LockOptions options;
  options.settle = std::chrono::milliseconds(1);
  options.retry_for = std::chrono::hours(1);
  options = early.attach(options);
  const auto begin = options.may_read;
  options.may_read = [&] {
    if (++may_read_ == 1) plant(foreign(repository_.clock().now()));
    begin();
  };
  const auto take_back = options.taken_back;
  options.taken_back = [&] {
    take_back();
    EXPECT_EQ(stopped, begun);
    unlock_foreign();
  };
  EXPECT_TRUE(acquire_with(options));
  early.finish();
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(stopped, 1);
}

TEST_F(ReadEarlyTest, WithoutALockItIsReadAllTheSameAndItsErrorIsTold) {
  int read = 0;
  EarlyReading once([&](const StopToken&) { ++read; }, StopToken());
  once.finish();
  EXPECT_EQ(read, 1);
  EarlyReading fails(
      [](const StopToken&) { throw Error(ErrorCode::corrupt, text("repository.wrong_password")); },
      StopToken());
  EXPECT_TRUE(acquire_with(fails.attach(LockOptions())));
  EXPECT_THROW(fails.finish(), Error);
}

}  // namespace
}  // namespace hikae::testing
