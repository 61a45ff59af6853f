// SPDX-License-Identifier: Apache-2.0
#include "source/read_limit.h"

#include <gmock/gmock.h>

#include "base/units.h"
#include "support/fake_clock.h"
#include "support/scripted_source.h"

namespace hikae {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ScriptedSource;

class NoErrors final : public ItemErrorSink {
 public:
  void report(ItemError error) override { ADD_FAILURE() << error.path; }
};

// Waits move the clock.
class ReadLimitTest : public ::testing::Test {
 protected:
  std::unique_ptr<Source> limited(std::uint64_t rate, const StopToken& stop = {}) {
    auto source = std::make_unique<ScriptedSource>();
    source->file("folder/data", std::string(3 * kMiB, 'x'));
    source->file("other", std::string(kMiB, 'y'));
    ReadLimitOptions options;
    options.rate = rate;
    options.clock = clock_;
    options.wait = [this](milliseconds duration, const StopToken& stop_token) {
      throw_if_stopped(stop_token);
      longest_ = std::max(longest_, duration);
      clock_->advance(duration);
    };
    return with_read_limit(std::move(source), std::move(options), stop);
  }
  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(clock_->steady_now().time_since_epoch());
  }
  // All below; how many bytes came.
  std::uint64_t read(SourceDirectory& folder) {
    NoErrors errors;
    std::uint64_t bytes = 0;
    Bytes buffer(kMiB);
    for (const SourceEntry& entry : folder.read(errors)) {
      if (entry.node.type == format::NodeType::dir) {
        bytes += read(*folder.open_directory(entry));
        continue;
      }
      const auto file = folder.open_file(entry);
      while (const std::size_t size = file->read(buffer)) bytes += size;
    }
    return bytes;
  }

  std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  milliseconds longest_{0};
};

TEST_F(ReadLimitTest, AllThatIsReadTakesItsTimeInSmallParts) {
  const auto source = limited(kMiB);
  EXPECT_EQ(read(*source->open_root()), 4 * kMiB);
  EXPECT_GE(elapsed(), milliseconds(3950));
  EXPECT_LE(elapsed(), seconds(4));
  EXPECT_LE(longest_, milliseconds(125)) << "an eighth of a second";
}

TEST_F(ReadLimitTest, AnIdleTimeSavesNothingUp) {
  const auto source = limited(kMiB);
  clock_->advance(seconds(100));
  read(*source->open_root());
  EXPECT_GE(elapsed(), milliseconds(103950));
}

TEST_F(ReadLimitTest, AStopEndsTheWait) {
  std::stop_source stop;
  const auto source = limited(1, stop.get_token());
  stop.request_stop();
  const auto root = source->open_root();
  EXPECT_THROW(read(*root), Cancelled);
}

TEST_F(ReadLimitTest, ARateOfZeroIsAMistake) {
  EXPECT_THROW(limited(0), Error);
}

}  // namespace
}  // namespace hikae
