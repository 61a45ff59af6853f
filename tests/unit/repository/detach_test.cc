// SPDX-License-Identifier: Apache-2.0
// The blob writer with destinations of different speed: real threads, the real clock, a line that
// is really slow.
#include <atomic>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.h"
#include "repository/blob_writer.h"
#include "storage/forward.h"
#include "storage/limit_rate.h"
#include "storage/retry.h"
#include "support/memory_repository.h"

namespace hikae::testing {
namespace {

using format::BlobType;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// Takes so many packs, then no more: the call ends only when it is told to stop.
class StallingBackend final : public ForwardingBackend {
 public:
  StallingBackend(std::unique_ptr<Backend> inner, std::size_t packs)
      : ForwardingBackend(std::move(inner)), packs_left_(packs) {}
  using Backend::save;
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override {
    if (file.type == FileType::pack && packs_left_.fetch_sub(1) <= 0)
      wait_unless_stopped(std::chrono::hours(1), stop);
    ForwardingBackend::save(file, pieces, stop);
  }

 private:
  std::atomic<std::ptrdiff_t> packs_left_;
};

// 8 MiB in packs of 256 KiB, saved by two threads.
class DetachTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kBlobs = 128;

  // With the same key as the fast one.
  MemoryRepository& on_a_line_of(std::uint64_t bytes_per_second) {
    return behind([=](std::unique_ptr<Backend> backend) {
      RateLimitOptions options;
      options.upload = bytes_per_second;
      return with_rate_limit(std::move(backend), std::move(options));
    });
  }
  MemoryRepository& that_stalls_after(std::size_t packs) {
    return behind([=](std::unique_ptr<Backend> backend) -> std::unique_ptr<Backend> {
      return std::make_unique<StallingBackend>(std::move(backend), packs);
    });
  }
  template <typename Wrap>
  MemoryRepository& behind(Wrap wrap) {
    slow_.push_back(std::make_unique<MemoryRepository>(fast_.shared(), wrap));
    return *slow_.back();
  }
  BlobWriter& write_to(std::vector<Repository*> repositories) {
    BlobWriterOptions options;
    options.pack_size = 256 * kKiB;
    options.lag.grace = milliseconds(100);
    std::vector<BlobTarget> targets;
    for (Repository* repository : repositories) targets.push_back({repository, &empty_});
    writer_ = std::make_unique<BlobWriter>(targets, options, clock_, stop_.get_token());
    return *writer_;
  }
  void save_all() {
    TaskGroup tasks(stop_.get_token());
    for (std::uint64_t thread = 0; thread < 2; ++thread) {
      tasks.spawn("save", [&, thread](const StopToken&) {
        BlobScratch scratch(Compression::automatic);
        for (std::uint64_t i = thread; i < kBlobs; i += 2)
          writer_->save(BlobType::data, random_bytes(64 * kKiB, i), scratch);
      });
    }
    tasks.join();
  }
  steady_clock::duration save_and_finish() {
    const auto begin = steady_clock::now();
    save_all();
    writer_->finish();
    return steady_clock::now() - begin;
  }

  const Index empty_;
  SystemClock clock_;
  std::stop_source stop_;
  MemoryRepository fast_;
  std::vector<std::unique_ptr<MemoryRepository>> slow_;
  std::unique_ptr<BlobWriter> writer_;  // last: its threads use all of the above
};

TEST_F(DetachTest, ASlowOneDoesNotDelayTheOther) {
  // 8 MiB take it more than a minute.
  MemoryRepository& slow = on_a_line_of(128 * kKiB);
  BlobWriter& writer = write_to({slow.get(), fast_.get()});

  EXPECT_LT(save_and_finish(), std::chrono::seconds(20));

  EXPECT_EQ(writer.live(), 2U);
  EXPECT_EQ(writer.detached(), 1U);
  EXPECT_FALSE(writer.failure(0)) << "being slow is no failure";
  EXPECT_EQ(fast_->load_index(StopToken()).blob_count(), kBlobs);
}

TEST_F(DetachTest, WhatASlowOneStoredIsHandedOverForItsIndex) {
  constexpr std::size_t kStored = 3;
  MemoryRepository& slow = that_stalls_after(kStored);
  BlobWriter& writer = write_to({slow.get(), fast_.get()});
  save_and_finish();
  ASSERT_EQ(writer.detached(), 1U);

  const std::vector<format::IndexedPack> packs = writer.take_unindexed(0);

  EXPECT_EQ(packs.size(), kStored);
  std::uint64_t blobs = 0;
  for (const format::IndexedPack& pack : packs) {
    EXPECT_TRUE(slow.store().size({FileType::pack, pack.id.hex()}, StopToken()));
    EXPECT_TRUE(fast_.store().size({FileType::pack, pack.id.hex()}, StopToken()));
    blobs += pack.blobs.size();
  }
  EXPECT_LT(blobs, kBlobs);
  EXPECT_EQ(slow.count(FileType::index), 0);
}

TEST_F(DetachTest, EquallySlowOnesWaitForEachOther) {
  MemoryRepository& first = on_a_line_of(8 * kMiB);
  MemoryRepository& second = on_a_line_of(8 * kMiB);
  BlobWriter& writer = write_to({first.get(), second.get()});
  save_and_finish();
  EXPECT_EQ(writer.live(), 3U);
  EXPECT_EQ(first->load_index(StopToken()).blob_count(), kBlobs);
  EXPECT_EQ(second->load_index(StopToken()).blob_count(), kBlobs);
}

TEST_F(DetachTest, TheOnlyOneIsNeverDetached) {
  MemoryRepository& slow = on_a_line_of(8 * kMiB);
  BlobWriter& writer = write_to({slow.get()});
  EXPECT_GT(save_and_finish(), milliseconds(700));
  EXPECT_EQ(writer.live(), 1U);
  EXPECT_EQ(slow->load_index(StopToken()).blob_count(), kBlobs);
}

TEST_F(DetachTest, TheLastOneLeftIsWaitedFor) {
  MemoryRepository& slow = on_a_line_of(8 * kMiB);
  fast_.faults().add({Call::save,
                      FileType::pack,
                      1,
                      Fault::Effect::fail_before,
                      Fault::Lasting::from_then_on,
                      ErrorCode::no_space,
                      Retry::no});
  BlobWriter& writer = write_to({slow.get(), fast_.get()});
  save_and_finish();
  EXPECT_EQ(writer.live(), 1U);
  EXPECT_EQ(slow->load_index(StopToken()).blob_count(), kBlobs);
}

TEST_F(DetachTest, ADetachedOneCannotStandInForOneThatFailsLater) {
  MemoryRepository& slow = on_a_line_of(128 * kKiB);
  fast_.faults().add({Call::save,
                      FileType::pack,
                      25,
                      Fault::Effect::fail_before,
                      Fault::Lasting::from_then_on,
                      ErrorCode::no_space,
                      Retry::no});
  write_to({slow.get(), fast_.get()});
  try {
    save_and_finish();
    FAIL() << "nobody has all of it";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::no_space);
  }
}

TEST_F(DetachTest, AStopIsFeltAtOnce) {
  MemoryRepository& slow = on_a_line_of(1 * kKiB);
  write_to({slow.get()});
  TaskGroup stopper{StopToken()};
  stopper.spawn("stop", [&](const StopToken&) {
    while (writer_->totals().data_blobs < 8) std::this_thread::yield();
    stop_.request_stop();
  });
  EXPECT_THROW(save_and_finish(), Cancelled);
}

}  // namespace
}  // namespace hikae::testing
