// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <stdexcept>

#include <gmock/gmock.h>

#include "concurrency/task_group.h"
#include "storage/fault.h"
#include "storage/limit.h"
#include "storage/memory.h"
#include "storage/retry.h"
#include "support/fake_clock.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

FileHandle key(unsigned number) {
  const std::string digits = std::to_string(number);
  return {FileType::key, std::string(64 - digits.size(), 'a') + digits};
}

template <typename Function>
Error error_of(Function call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {ErrorCode::invalid_argument, text("storage.injected")};
}

Fault fault(Call call, std::size_t nth, Fault::Effect effect = Fault::Effect::fail_before) {
  Fault result;
  result.call = call;
  result.nth = nth;
  result.effect = effect;
  return result;
}

Fault passing(Call call, Fault::Effect effect = Fault::Effect::fail_before) {
  Fault result = fault(call, 1, effect);
  result.retry = Retry::after_backoff;
  return result;
}

class RetryTest : public ::testing::Test {
 protected:
  RetryTest() {
    auto faults = std::make_unique<FaultBackend>(std::make_unique<MemoryBackend>());
    faults_ = faults.get();
    RetryOptions options;
    options.attempts = 4;
    options.first_wait = milliseconds(100);
    options.longest_wait = milliseconds(250);
    options.deadline = milliseconds(10000);
    options.clock = clock_;
    options.wait = [this](milliseconds duration, const StopToken& stop) {
      throw_if_stopped(stop);
      waits_.push_back(duration.count());
      clock_->advance(duration);
    };
    backend_ = with_retry(std::move(faults), options);
  }

  void fail_from_now_on(Call call, Retry retry) {
    Fault lasting = fault(call, 1);
    lasting.lasting = Fault::Lasting::from_then_on;
    lasting.code = ErrorCode::timeout;
    lasting.retry = retry;
    faults_->add(lasting);
  }

  std::shared_ptr<hikae::testing::FakeClock> clock_ = std::make_shared<hikae::testing::FakeClock>();
  std::vector<std::int64_t> waits_;
  FaultBackend* faults_ = nullptr;
  std::unique_ptr<Backend> backend_;
};

TEST_F(RetryTest, RepeatsWhatMayPass) {
  faults_->add(passing(Call::save));
  backend_->save(key(1), as_bytes("x"), {});
  EXPECT_EQ(faults_->count(Call::save), 2U);
  EXPECT_THAT(waits_, ElementsAre(100));
}

TEST_F(RetryTest, WaitsLongerEachTimeUpToALimitAndGivesUp) {
  fail_from_now_on(Call::load, Retry::after_backoff);
  const Error error = error_of([&] { backend_->load(key(1), {}); });
  EXPECT_EQ(error.code(), ErrorCode::timeout);
  EXPECT_THAT(render(error, Language::en), HasSubstr("after 4 attempts"));
  EXPECT_THAT(waits_, ElementsAre(100, 200, 250));
}

TEST_F(RetryTest, DoesNotRepeatWhatCannotPass) {
  fail_from_now_on(Call::load, Retry::no);
  EXPECT_EQ(error_of([&] { backend_->load(key(1), {}); }).code(), ErrorCode::timeout);
  EXPECT_EQ(faults_->count(Call::load), 1U);
  EXPECT_EQ(error_of([&] { backend_->load(key(2), {}); }).contexts().size(), 0U);
}

TEST_F(RetryTest, BeginsNoAttemptAfterTheDeadline) {
  RetryOptions options;
  options.deadline = milliseconds(900);
  options.first_wait = milliseconds(400);
  options.attempts = 100;
  options.clock = clock_;
  options.wait = [this](milliseconds duration, const StopToken&) { clock_->advance(duration); };
  auto faults = std::make_unique<FaultBackend>(std::make_unique<MemoryBackend>());
  FaultBackend* counter = faults.get();
  Fault lasting = passing(Call::size);
  lasting.lasting = Fault::Lasting::from_then_on;
  faults->add(lasting);
  const auto backend = with_retry(std::move(faults), options);
  EXPECT_THROW(backend->size(key(1), {}), Error);
  EXPECT_EQ(counter->count(Call::size), 2U) << "at 0 and 400 ms; 1200 ms is too late";
}

TEST_F(RetryTest, IsPatientOnlyWithAStoreThatHasAnswered) {
  RetryOptions options;
  options.deadline = milliseconds(4000);
  options.first_deadline = milliseconds(900);
  options.first_wait = milliseconds(400);
  options.longest_wait = milliseconds(400);
  options.attempts = 100;
  options.clock = clock_;
  options.wait = [this](milliseconds duration, const StopToken&) { clock_->advance(duration); };
  auto faults = std::make_unique<FaultBackend>(std::make_unique<MemoryBackend>());
  FaultBackend* counter = faults.get();
  Fault lasting = passing(Call::size);
  lasting.lasting = Fault::Lasting::from_then_on;
  faults->add(lasting);
  const auto backend = with_retry(std::move(faults), options);
  EXPECT_THROW(backend->size(key(1), {}), Error);
  EXPECT_EQ(counter->count(Call::size), 3U) << "at 0, 400 and 800 ms";
  counter->clear();
  backend->size(key(1), {});
  lasting.nth = 1;
  counter->add(lasting);
  EXPECT_THROW(backend->size(key(1), {}), Error);
  EXPECT_EQ(counter->count(Call::size), 3U + 1U + 11U) << "each 400 ms up to 4000";
  EXPECT_THROW(backend->size(key(1), {}), Error);
  EXPECT_EQ(counter->count(Call::size), 15U + 3U) << "nobody waits twice for a store that is away";
}

TEST_F(RetryTest, WaitsAreShortenedByChance) {
  std::vector<milliseconds> waits;
  RetryOptions options;
  options.first_wait = milliseconds(1000);
  options.jitter = 0.5;
  options.attempts = 4;
  options.wait = [&](milliseconds duration, const StopToken&) { waits.push_back(duration); };
  double next = 0;
  options.chance = [&] { return std::exchange(next, next + 0.5); };
  auto faults = std::make_unique<FaultBackend>(std::make_unique<MemoryBackend>());
  Fault lasting = passing(Call::size);
  lasting.lasting = Fault::Lasting::from_then_on;
  faults->add(lasting);
  EXPECT_THROW(with_retry(std::move(faults), options)->size(key(1), {}), Error);
  EXPECT_EQ(
      waits,
      (std::vector<milliseconds>{milliseconds(1000), milliseconds(1500), milliseconds(2000)}));
  for (int i = 0; i < 1000; ++i) {
    const double share = random_share();
    ASSERT_TRUE(share >= 0 && share <= 1);
  }
  EXPECT_EQ(RetryOptions().jitter, 0);
  EXPECT_GT(network_retries().jitter, 0) << "stores behind a network are shared";
}

TEST_F(RetryTest, StopEndsTheWait) {
  std::stop_source source;
  RetryOptions options;
  options.first_wait = std::chrono::hours(1);
  options.deadline = std::chrono::hours(10);
  auto faults = std::make_unique<FaultBackend>(std::make_unique<MemoryBackend>());
  faults->add(passing(Call::remove));
  const auto backend = with_retry(std::move(faults), options);
  TaskGroup group{StopToken()};
  group.spawn("stopper", [&](const StopToken&) { source.request_stop(); });
  EXPECT_THROW(backend->remove(key(1), source.get_token()), Cancelled);
  group.join();
}

TEST_F(RetryTest, SaveThatWasCarriedOutCountsAsDone) {
  faults_->add(passing(Call::save, Fault::Effect::fail_after));
  backend_->save(key(1), {as_bytes("one "), as_bytes("two")}, {});
  EXPECT_EQ(as_text(backend_->load(key(1), {})), "one two");
}

TEST_F(RetryTest, SaveThatWasStoredDamagedDoesNotCountAsDone) {
  // The first attempt stores half, the second finds that name taken.
  class HalfThenFail final : public ForwardingBackend {
   public:
    using ForwardingBackend::ForwardingBackend;
    void save(const FileHandle& file,
              const std::vector<ByteView>& pieces,
              const StopToken& stop) override {
      if (first_) {
        first_ = false;
        inner().save(file, pieces[0].first(1), stop);
        throw Error(ErrorCode::io, text("storage.injected"), Retry::after_backoff);
      }
      inner().save(file, pieces, stop);
    }

   private:
    bool first_ = true;
  };
  RetryOptions options;
  options.wait = [](milliseconds, const StopToken&) {};
  const auto backend =
      with_retry(std::make_unique<HalfThenFail>(std::make_unique<MemoryBackend>()), options);
  EXPECT_EQ(error_of([&] { backend->save(key(1), as_bytes("whole"), {}); }).code(),
            ErrorCode::already_exists);
}

TEST_F(RetryTest, RepeatedListVisitsEachFileOnce) {
  for (unsigned i = 0; i < 10; ++i) backend_->save(key(i), as_bytes("x"), {});
  faults_->add(passing(Call::list, Fault::Effect::fail_after));
  std::vector<std::string> names;
  backend_->list(FileType::key, [&](const FileInfo& info) { names.push_back(info.name); }, {});
  EXPECT_EQ(names.size(), 10U);
  EXPECT_EQ(faults_->count(Call::list), 2U);
}

TEST(Limit, LetsSoManyThroughAndNoMore) {
  struct Gauge {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
  };
  class Measuring final : public ForwardingBackend {
   public:
    explicit Measuring(Gauge& gauge)
        : ForwardingBackend(std::make_unique<MemoryBackend>()), gauge_(gauge) {}
    void save(const FileHandle& file,
              const std::vector<ByteView>& pieces,
              const StopToken& stop) override {
      const int now = ++gauge_.now;
      int most = gauge_.most;
      while (most < now && !gauge_.most.compare_exchange_weak(most, now)) {
      }
      std::this_thread::yield();
      inner().save(file, pieces, stop);
      --gauge_.now;
    }

   private:
    Gauge& gauge_;
  };
  Gauge gauge;
  const auto backend = with_connection_limit(std::make_unique<Measuring>(gauge), 2);
  EXPECT_EQ(backend->connections(), 2U);
  TaskGroup group{StopToken()};
  for (unsigned thread = 0; thread < 6; ++thread) {
    group.spawn("saver", [&, thread](const StopToken& stop) {
      for (unsigned i = 0; i < 200; ++i) backend->save(key(thread * 1000 + i), as_bytes("x"), stop);
    });
  }
  group.join();
  EXPECT_LE(gauge.most, 2);
  EXPECT_GE(gauge.most, 1);
}

TEST(Limit, WaitingEndsWithAStop) {
  std::stop_source source;
  const auto backend = with_connection_limit(std::make_unique<MemoryBackend>(), 0);
  EXPECT_EQ(backend->connections(), 1U) << "never none at all";
  backend->save(key(1), as_bytes("x"), {});
  source.request_stop();
  EXPECT_THROW(backend->load(key(1), source.get_token()), Cancelled);
}

class FaultTest : public ::testing::Test {
 protected:
  void save(const FileHandle& file, std::string_view content) {
    backend_.save(file, as_bytes(content), {});
  }
  FaultBackend backend_{std::make_unique<MemoryBackend>()};
};

TEST_F(FaultTest, StrikesTheNthCallOnce) {
  backend_.add(fault(Call::save, 2));
  save(key(1), "x");
  EXPECT_THROW(save(key(2), "x"), Error);
  EXPECT_EQ(backend_.size(key(2), {}), std::nullopt);
  save(key(2), "x");
  EXPECT_EQ(backend_.count(Call::save), 3U);
}

TEST_F(FaultTest, CountsOneKindOfFile) {
  Fault locks_only = fault(Call::save, 1);
  locks_only.type = FileType::lock;
  backend_.add(locks_only);
  save(key(1), "x");
  EXPECT_THROW(save({FileType::lock, key(1).name}, "x"), Error);
}

TEST_F(FaultTest, StandsForACrashAtAnyChange) {
  Fault crash = fault(Call::change, 2);
  crash.lasting = Fault::Lasting::from_then_on;
  backend_.add(crash);
  save(key(1), "x");
  EXPECT_THROW(backend_.remove(key(1), {}), Error);
  EXPECT_THROW(save(key(2), "x"), Error);
  EXPECT_EQ(as_text(backend_.load(key(1), {})), "x") << "reading goes on";
  EXPECT_EQ(backend_.count(Call::change), 3U);
  backend_.clear();
  save(key(2), "x");
}

TEST_F(FaultTest, DamagesWhatIsReadOrStored) {
  save(key(1), "0123456789");
  Bytes out(4);
  backend_.add(fault(Call::load, 1, Fault::Effect::corrupt_byte));
  EXPECT_EQ(as_text(backend_.load(key(1), {})), "0123446789");
  backend_.add(fault(Call::load, 1, Fault::Effect::cut_short));
  EXPECT_EQ(as_text(backend_.load(key(1), {})), "01234");
  backend_.add(fault(Call::load_range, 1, Fault::Effect::corrupt_byte));
  backend_.load_range(key(1), 0, out, {});
  EXPECT_EQ(as_text(out), "0133");
  backend_.add(fault(Call::load_range, 1, Fault::Effect::cut_short));
  EXPECT_EQ(error_of([&] { backend_.load_range(key(1), 0, out, {}); }).code(), ErrorCode::corrupt);
  backend_.add(fault(Call::save, 1, Fault::Effect::cut_short));
  save(key(2), "0123456789");
  EXPECT_EQ(as_text(backend_.load(key(2), {})), "01234");
  EXPECT_EQ(as_text(backend_.load(key(1), {})), "0123456789") << "faults are over";
}

TEST_F(FaultTest, ReportsAFailureAfterTheDeed) {
  backend_.add(fault(Call::save, 1, Fault::Effect::fail_after));
  EXPECT_THROW(save(key(1), "x"), Error);
  EXPECT_EQ(as_text(backend_.load(key(1), {})), "x");
  backend_.add(fault(Call::remove, 1, Fault::Effect::fail_after));
  EXPECT_THROW(backend_.remove(key(1), {}), Error);
  EXPECT_EQ(backend_.size(key(1), {}), std::nullopt);
}

}  // namespace
}  // namespace hikae
