// SPDX-License-Identifier: Apache-2.0
#include "service/object_lock.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "net/web_time.h"
#include "storage/s3.h"
#include "support/rgw.h"
#include "support/temp_dir.h"
#include "support/test_password.h"

namespace hikae {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::RadosGateway;

FileHandle pack(char letter) {
  return {FileType::pack, std::string(64, letter)};
}

TEST(PlanLockExtensions, OnlyWhatEndsTooEarlyAndThenForAWhile) {
  const Instant now(hours(1000));
  const auto plan = plan_lock_extensions({{pack('a'), now + hours(39)},
                                          {pack('b'), now + hours(40)},
                                          {pack('c'), now + hours(50)},
                                          {pack('d'), now - hours(1)}},
                                         hours(40),
                                         now);
  ASSERT_EQ(plan.size(), 2U);
  EXPECT_EQ(plan[0].file, pack('a'));
  EXPECT_EQ(plan[0].until, now + hours(50));
  EXPECT_EQ(plan[1].file, pack('d'));
  // Then nothing for a quarter of the period.
  EXPECT_TRUE(plan_lock_extensions(plan, hours(40), now + hours(10)).empty());
  EXPECT_EQ(plan_lock_extensions(plan, hours(40), now + hours(11)).size(), 2U);
}

// Locks of a minute, in a bucket of the test's own; time passes by argument.
class ObjectLockTest : public ::testing::Test {
 protected:
  static constexpr seconds kKeep{60};

  explicit ObjectLockTest(bool bucket_knows_locks = true) {
    static int buckets = 0;
    bucket_ = "locks-" + std::to_string(++buckets);
    RadosGateway::shared().make_bucket(bucket_, bucket_knows_locks);
    repository_ =
        Repository::create(open(), testing::test_password(), Identity(), {}, SystemClock(), none_);
    for (const char letter : {'a', 'b'})
      repository_->backend().save(pack(letter), as_bytes("content"), none_);
  }

  std::unique_ptr<Backend> open() const {
    OpenOptions options = RadosGateway::shared().options();
    options.s3.object_lock = {S3Options::ObjectLock::Mode::compliance, kKeep};
    return std::make_unique<S3Backend>(RadosGateway::shared().location(bucket_ + "/repo"),
                                       std::move(options));
  }
  Instant end_of(const FileHandle& file) const {
    const auto head = RadosGateway::shared().head(bucket_, "repo/" + path_of(file));
    const auto date = net::header(head, "x-amz-object-lock-retain-until-date");
    return net::parse_iso_time(std::string(date.value_or(""))).value_or(Instant());
  }
  LockExtensions extend(Instant now) {
    return extend_object_locks(
        *repository_, {*PackId::parse(pack('a').name)}, kKeep, memory_, now, none_);
  }

  StopToken none_;
  testing::TempDir folder_;
  std::string memory_ = folder_ / "state/locks";
  std::string bucket_;
  std::unique_ptr<Repository> repository_;
};

TEST_F(ObjectLockTest, WhatIsNeededIsLockedLongerAndTheRestIsNot) {
  const Instant stored = SystemClock().now();
  const Instant now = stored + seconds(30);
  const LockExtensions done = extend(now);
  EXPECT_FALSE(done.failure);
  EXPECT_EQ(done.extended, 3U) << "config, key, pack";
  const Instant expected = std::chrono::floor<seconds>(now + kKeep + kKeep / 4);
  EXPECT_EQ(end_of(pack('a')), expected);
  EXPECT_EQ(end_of({FileType::config, ""}), expected);
  EXPECT_LT(end_of(pack('b')), stored + kKeep + seconds(30));
  // The next run a little later has nothing to ask for, one much later has.
  EXPECT_EQ(extend(now + seconds(10)).extended, 0U);
  EXPECT_EQ(extend(now + seconds(20)).extended, 3U);
  EXPECT_EQ(end_of(pack('a')), expected + seconds(20));
}

TEST_F(ObjectLockTest, WithoutTheMemoryItAsksAgainAndShortensNothing) {
  const Instant now = SystemClock().now() + seconds(100);
  EXPECT_EQ(extend(now).extended, 3U);
  const Instant end = end_of(pack('a'));
  std::filesystem::remove(memory_);
  // Another machine, whose clock is behind.
  const LockExtensions done = extend(now - seconds(20));
  EXPECT_FALSE(done.failure);
  EXPECT_EQ(end_of(pack('a')), end);
}

TEST_F(ObjectLockTest, WhatFailsIsCountedAndTriedAgain) {
  const Instant now = SystemClock().now() + seconds(100);
  repository_->backend().save(pack('c'), as_bytes("content"), none_);
  const auto read_only = [&] {
    OpenOptions options = RadosGateway::shared().options();
    options.mode = AccessMode::read_only;
    options.s3.object_lock = {S3Options::ObjectLock::Mode::compliance, kKeep};
    return std::make_unique<S3Backend>(RadosGateway::shared().location(bucket_ + "/repo"),
                                       std::move(options));
  };
  const auto refused = Repository::open(read_only(), testing::test_password(), none_);
  const LockExtensions done =
      extend_object_locks(*refused, {*PackId::parse(pack('a').name)}, kKeep, memory_, now, none_);
  EXPECT_EQ(done.extended, 0U);
  EXPECT_EQ(done.failed, 3U);
  ASSERT_TRUE(done.failure);
  EXPECT_EQ(done.failure->code(), ErrorCode::read_only);
  EXPECT_EQ(extend(now).extended, 3U);
}

}  // namespace
}  // namespace hikae
