// SPDX-License-Identifier: Apache-2.0
// The records of forgotten generations end, and what was forgotten stays away all the same.
#include "service/forgotten_records.h"

#include <gmock/gmock.h>

#include "service/maintain.h"
#include "support/policy_kit.h"

namespace hikae::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::chrono::hours kDay{24};

// Six generations, of which each destination keeps three, and then 401 days without a run.
class ForgottenRecordsTest : public ::testing::Test {
 protected:
  ForgottenRecordsTest() {
    kit_.init();
    for (int day = 0; day < 6; ++day) {
      write_file(kit_ / "files/a", "content " + std::to_string(day));
      kit_.run();
      kit_.next_day();
    }
    for (const std::string destination : {"nas", "second"}) date_records(destination);
    kit_.clock().advance(401 * kDay);
  }
  std::vector<std::string> records(const std::string& destination) {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(kit_ / (destination + "/hikae/forgotten")))
      names.push_back(file.path().filename());
    return names;
  }
  // The file system dates them by the machine's clock, the test lives by its own.
  void date_records(const std::string& destination) {
    const auto file_now = fs::file_time_type::clock::now();
    const auto ahead = SystemClock().now() - kit_.clock().now();
    for (const std::string& name : records(destination)) {
      fs::last_write_time(
          kit_ / (destination + "/hikae/forgotten/" + name),
          file_now - std::chrono::duration_cast<fs::file_time_type::duration>(ahead));
    }
  }
  // As if it had never been forgotten there.
  void bring_back(const std::string& destination, const std::string& name) {
    fs::rename(kit_ / (destination + "/hikae/forgotten/" + name),
               kit_ / (destination + "/snapshots/" + name));
  }
  std::vector<ForgottenRecord> needless(const std::string& destination,
                                        const Environment& environment) {
    OpenRequest request;
    request.only = {destination};
    request.load_index = OpenRequest::LoadIndex::no;
    const policy::Policy policy = kit_.policy();
    auto opened = open_destinations(policy, request, environment, StopToken());
    return find_needless_records(policy, *opened.front().repository, environment, StopToken());
  }
  std::vector<ForgottenRecord> needless(const std::string& destination = "nas") {
    return needless(destination, kit_.environment());
  }
  void prune() {
    MaintenanceOptions options;
    options.lock_options.settle = std::chrono::milliseconds(1);
    for (const DestinationResult& result : prune_destinations(
             kit_.policy(), PruneWhen::always, options, kit_.environment(), StopToken()))
      EXPECT_FALSE(result.failure) << render(result.failure->message(), Language::en);
  }

  PolicyKit kit_;
};

TEST_F(ForgottenRecordsTest, GoWithAPruneWhenNobodyHoldsTheGenerationAnyMore) {
  ASSERT_THAT(records("nas"), SizeIs(3));
  ASSERT_THAT(records("second"), SizeIs(3));
  prune();
  EXPECT_THAT(records("nas"), IsEmpty());
  EXPECT_THAT(records("second"), IsEmpty());
}

TEST_F(ForgottenRecordsTest, StayWhileAnotherDestinationHoldsTheGeneration) {
  kit_.set_retention("{daily: 30}");
  // Its file has another name there: what counts is the generation.
  bring_back("second", needless("second").front().file);
  prune();
  ASSERT_THAT(records("nas"), SizeIs(1));
  EXPECT_THAT(records("second"), IsEmpty());
  kit_.run();
  EXPECT_EQ(kit_.snapshots("second"), 5);
  EXPECT_EQ(kit_.snapshots("nas"), 4);
  // What would have come of it without the record.
  fs::remove(kit_ / ("nas/hikae/forgotten/" + records("nas").front()));
  kit_.next_day();
  kit_.run();
  EXPECT_EQ(kit_.snapshots("nas"), 6);
}

TEST_F(ForgottenRecordsTest, StayWhileADestinationCannotBeRead) {
  fs::rename(kit_ / "second", kit_ / "away");
  EXPECT_THAT(needless(), IsEmpty());
  fs::rename(kit_ / "away", kit_ / "second");
  EXPECT_THAT(needless(), SizeIs(3));
}

TEST_F(ForgottenRecordsTest, StayWhileASnapshotSomewhereCannotBeRead) {
  write_file(kit_ / ("second/snapshots/" + std::string(64, 'a')), "damaged");
  EXPECT_THAT(needless(), IsEmpty());
}

TEST_F(ForgottenRecordsTest, StayAsLongAsTheyAreYoung) {
  // Of an old generation that was forgotten by hand only now.
  fs::last_write_time(kit_ / ("nas/hikae/forgotten/" + records("nas").front()),
                      fs::file_time_type::clock::now() + 401 * kDay);
  EXPECT_THAT(needless(), SizeIs(2));
  kit_.clock().advance(-3 * kDay);
  EXPECT_THAT(needless(), IsEmpty());
}

TEST_F(ForgottenRecordsTest, OfOtherMachinesStay) {
  Environment other = kit_.environment();
  other.identity.hostname = "other-host";
  EXPECT_THAT(needless("nas", other), IsEmpty());
}

TEST(PlanRecordRemoval, AYoungGenerationStaysWhateverItsFileSays) {
  const Instant now{std::chrono::seconds(1'800'000'000)};
  const ForgottenRecord young{"file", "source", {now - kForgottenKept, BlobId()}};
  const ForgottenRecord old{
      "file", "source", {now - kForgottenKept - std::chrono::seconds(1), BlobId()}};
  EXPECT_THAT(plan_record_removal({young, old}, {}, now), SizeIs(1));
  EXPECT_THAT(plan_record_removal({young, old}, {old.generation}, now), IsEmpty());
}

}  // namespace
}  // namespace hikae::testing
