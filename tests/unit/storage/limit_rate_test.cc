// SPDX-License-Identifier: Apache-2.0
#include "storage/limit_rate.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/units.h"
#include "concurrency/task_group.h"
#include "storage/memory.h"
#include "storage/open.h"
#include "support/arrivals.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

FileHandle file(FileType type, unsigned number) {
  const std::string digits = std::to_string(number);
  return {type, std::string(64 - digits.size(), 'a') + digits};
}

// A backend whose waits move the clock.
class RateLimitTest : public ::testing::Test {
 protected:
  std::unique_ptr<Backend> limited(std::optional<std::uint64_t> upload,
                                   std::optional<std::uint64_t> download = std::nullopt) {
    RateLimitOptions options;
    options.upload = upload;
    options.download = download;
    options.clock = clock_;
    options.wait = [this](milliseconds duration, const StopToken& stop) {
      throw_if_stopped(stop);
      clock_->advance(duration);
    };
    return with_rate_limit(store_.reopen(AccessMode::read_write), std::move(options));
  }
  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(clock_->steady_now().time_since_epoch());
  }

  std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  MemoryBackend store_;
};

TEST_F(RateLimitTest, UploadsTakeTheirTimeAtTheRate) {
  const auto backend = limited(1 * kMiB);
  for (unsigned number = 0; number < 10; ++number)
    backend->save(file(FileType::pack, number), Bytes(kMiB / 2), StopToken());
  EXPECT_EQ(elapsed(), seconds(5));
  backend->load(file(FileType::pack, 0), StopToken());
  EXPECT_EQ(elapsed(), seconds(5)) << "only uploads are limited";
}

TEST_F(RateLimitTest, DownloadsTakeTheirTimeAtTheRate) {
  store_.save(file(FileType::pack, 0), Bytes(kMiB), StopToken());
  const auto backend = limited(std::nullopt, 1 * kMiB);
  backend->load(file(FileType::pack, 0), StopToken());
  EXPECT_EQ(elapsed(), seconds(1));
  Bytes half(kMiB / 2);
  backend->load_range(file(FileType::pack, 0), 0, half, StopToken());
  EXPECT_EQ(elapsed(), milliseconds(1500));
}

TEST_F(RateLimitTest, AnIdleLineSavesNothingUp) {
  const auto backend = limited(1 * kMiB);
  clock_->advance(seconds(100));
  backend->save(file(FileType::pack, 0), Bytes(kMiB), StopToken());
  EXPECT_EQ(elapsed(), seconds(101));
}

TEST_F(RateLimitTest, ALockNeverWaitsButIsPaidFor) {
  const auto backend = limited(1000);
  backend->save(file(FileType::lock, 0), Bytes(500), StopToken());
  EXPECT_EQ(elapsed(), seconds(0));
  backend->save(file(FileType::pack, 1), Bytes(1000), StopToken());
  EXPECT_EQ(elapsed(), milliseconds(1500));
}

TEST_F(RateLimitTest, AStopEndsTheWait) {
  const auto backend = limited(1);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(backend->save(file(FileType::pack, 0), Bytes(kMiB), stop.get_token()), Cancelled);
}

TEST_F(RateLimitTest, ARateOfZeroIsAMistake) {
  try {
    limited(0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  }
}

// 1 MiB a second until 22:00 UTC, then as fast as it goes.
TEST_F(RateLimitTest, AFileThatSpansAChangeOfTheRateTakesBoth) {
  const Instant ten = Instant(std::chrono::hours(22));
  RateLimitOptions options;
  options.upload = Rate([ten](Instant when) {
    return when < ten ? std::optional<std::uint64_t>(1 * kMiB) : std::nullopt;
  });
  options.clock = clock_;
  options.wait = [this](milliseconds duration, const StopToken&) { clock_->advance(duration); };
  const auto backend = with_rate_limit(store_.reopen(AccessMode::read_write), std::move(options));
  clock_->advance(ten - clock_->now() - seconds(90));
  const milliseconds begin = elapsed();
  backend->save(file(FileType::pack, 0), Bytes(80 * kMiB), StopToken());
  EXPECT_EQ(elapsed() - begin, seconds(80));
  backend->save(file(FileType::pack, 1), Bytes(80 * kMiB), StopToken());
  EXPECT_EQ(elapsed() - begin, seconds(90)) << "the rest went at once";
  backend->save(file(FileType::pack, 2), Bytes(80 * kMiB), StopToken());
  EXPECT_EQ(elapsed() - begin, seconds(90));
}

// With real threads and the real clock: what all connections send together keeps the rate.
TEST(RateLimit, ConnectionsShareTheLine) {
  RateLimitOptions options;
  options.upload = 1 * kMiB;
  const auto backend = with_rate_limit(std::make_unique<MemoryBackend>(), std::move(options));
  const auto begin = std::chrono::steady_clock::now();
  TaskGroup tasks{StopToken()};
  for (unsigned thread = 0; thread < 4; ++thread) {
    tasks.spawn("save", [&, thread](const StopToken& stop) {
      backend->save(file(FileType::pack, thread), Bytes(kMiB / 8), stop);
    });
  }
  tasks.join();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(500));
}

TEST(RateLimit, OfAnOpenedDestinationHolds) {
  const testing::TempDir folder;
  OpenOptions options;
  options.limit_upload = 1 * kMiB;
  const auto backend =
      open_backend(parse_location("repository", folder.path().string()), std::move(options));
  backend->create_layout(StopToken());
  const auto begin = std::chrono::steady_clock::now();
  backend->save(file(FileType::pack, 0), Bytes(kMiB / 4), StopToken());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(230)) << "250 less kLate";
}

// What arrives is looked at while it arrives: in no stretch of time does more come than the line
// passes in it and in one second more.
TEST(RateLimit, AFolderGetsNoBurstThatIsLongerThanASecond) {
  const testing::TempDir folder;
  OpenOptions options;
  options.limit_upload = 1 * kMiB;
  const auto backend =
      open_backend(parse_location("repository", folder.path().string()), std::move(options));
  backend->create_layout(StopToken());
  const testing::Arrivals arrivals =
      testing::watch_draft(folder.path() / "repository/data", 3 * kMiB, [&](const StopToken& stop) {
        backend->save(file(FileType::pack, 0), Bytes(3 * kMiB), stop);
      });
  EXPECT_GT(arrivals.size(), 10U);
  EXPECT_LE(testing::longest_burst(arrivals, 1 * kMiB), std::chrono::seconds(1));
}

TEST(RateLimit, AFastLineReachesItsRateInSmallParts) {
  LineRate line(Rate(100 * kMiB));
  EXPECT_EQ(line.part(Instant()), 64 * kKiB);
  EXPECT_EQ(LineRate(Rate(8000)).part(Instant()), 1000U);
  EXPECT_EQ(LineRate(Rate(1)).part(Instant()), 1U);
  const testing::TempDir folder;
  OpenOptions options;
  options.limit_upload = 20 * kMiB;
  const auto backend =
      open_backend(parse_location("repository", folder.path().string()), std::move(options));
  backend->create_layout(StopToken());
  const auto begin = std::chrono::steady_clock::now();
  backend->save(file(FileType::pack, 0), Bytes(20 * kMiB), StopToken());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(3000))
      << "1 s on a free machine";
}

TEST(RateLimit, AStopEndsAFileInItsMiddle) {
  const testing::TempDir folder;
  OpenOptions options;
  options.limit_upload = 1000;
  options.limit_download = 1000;
  const auto backend =
      open_backend(parse_location("repository", folder.path().string()), std::move(options));
  backend->create_layout(StopToken());
  std::stop_source stop;
  TaskGroup tasks{StopToken()};
  tasks.spawn("save", [&](const StopToken&) {
    EXPECT_THROW(backend->save(file(FileType::pack, 0), Bytes(kMiB), stop.get_token()), Cancelled);
  });
  while (testing::draft_size(folder.path() / "repository/data") == 0) std::this_thread::yield();
  stop.request_stop();
  tasks.join();
  EXPECT_EQ(backend->size(file(FileType::pack, 0), StopToken()), std::nullopt);
}

}  // namespace
}  // namespace hikae
