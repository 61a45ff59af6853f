// SPDX-License-Identifier: Apache-2.0
#include "service/low_space.h"

#include <gmock/gmock.h>

#include "support/policy_kit.h"

namespace hikae::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kMb = 1'000'000;

SpaceOutlook outlook(std::vector<SourceGrowth> sources) {
  return foresee("nas", {100 * kMb, 1000 * kMb}, 0, sources);
}

TEST(LowSpace, UntilTheRulesAreFullEachFurtherGenerationNeedsTheUsual) {
  // 7 wanted, 3 there, 10 MB each; the first one stored the whole source.
  const SourceGrowth share{
      {{8 * kMb, 500 * kMb}, {12 * kMb, 500 * kMb}, {499 * kMb, 500 * kMb}}, 3, 7};
  EXPECT_EQ(outlook({share}).needed, 40 * kMb);
  EXPECT_EQ(outlook({share}).generations, 4U);
  SourceGrowth full = share;
  full.held = 7;
  EXPECT_EQ(outlook({full}).needed, 10 * kMb);
  SourceGrowth endless = share;
  endless.planned = 0;
  EXPECT_EQ(outlook({endless, full}).needed, 80 * kMb);
}

TEST(LowSpace, ASourceThatChangesAsAWholeNeedsAsMuchEachTime) {
  EXPECT_EQ(outlook({{{{50 * kMb, 50 * kMb}, {48 * kMb, 48 * kMb}}, 2, 4}}).needed, 100 * kMb);
  // Of one generation nobody can tell: a fiftieth.
  EXPECT_EQ(outlook({{{{50 * kMb, 50 * kMb}}, 1, 3}}).needed, 2 * kMb);
  EXPECT_EQ(outlook({{{}, 0, 3}}).needed, 0U);
}

TEST(LowSpace, TheLargerOfLimitAndNeedCounts) {
  SpaceOutlook some{"nas", {100, 1000}, 100, 50, 1};
  EXPECT_FALSE(is_low(some, RoomBefore::enough));
  some.space.free_bytes = 99;
  EXPECT_TRUE(is_low(some, RoomBefore::enough));
  some.limit = 0;
  EXPECT_FALSE(is_low(some, RoomBefore::enough));
  some.needed = 120;
  EXPECT_TRUE(is_low(some, RoomBefore::enough));
}

TEST(LowSpace, AtTheEdgeItIsNoNewsEveryOtherDay) {
  const SpaceOutlook edge{"nas", {104, 1000}, 100, 0, 1};
  EXPECT_FALSE(is_low(edge, RoomBefore::enough));
  EXPECT_TRUE(is_low(edge, RoomBefore::too_little));
  const SpaceOutlook nothing{"nas", {0, 1000}, 0, 0, 1};
  EXPECT_FALSE(is_low(nothing, RoomBefore::too_little));
}

// A folder is never wholly free, so a limit of 100 % is never kept.
TEST(LowSpace, ARunTellsTheChangeAndNotTheState) {
  PolicyKit kit;
  kit.init();
  kit.set_min_free("0");
  EXPECT_THAT(kit.run().low_space, IsEmpty());
  kit.next_day();
  kit.set_min_free("100%");
  const RunReport low = kit.run();
  EXPECT_EQ(low.verdict, Verdict::ok);
  ASSERT_THAT(low.low_space, SizeIs(1));
  EXPECT_THAT(render(low.low_space.front(), Language::en), HasSubstr("nas: "));
  kit.next_day();
  EXPECT_THAT(kit.run().low_space, IsEmpty());
  kit.next_day();
  kit.set_min_free("0");
  EXPECT_THAT(kit.run().low_space, IsEmpty());
  kit.next_day();
  kit.set_min_free("100%");
  EXPECT_THAT(kit.run().low_space, SizeIs(1));
  EXPECT_THAT(kit.journal()->slots().unacknowledged("kit"), IsEmpty());
}

TEST(LowSpace, TheEventIsAboutSpaceAndNothingElse) {
  auto report = std::make_shared<RunReport>();
  SlotEvent run;
  run.slot = {"backup", "", Instant{}};
  run.verdict = Verdict::failed;
  run.report = report;
  EXPECT_FALSE(low_space_event(run));
  report->low_space = {text("x")};
  const auto event = low_space_event(run);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, EventKind::low_space);
  EXPECT_EQ(event->verdict, Verdict::warning);
  EXPECT_THAT(event->notes, SizeIs(1));
  EXPECT_TRUE(event->next_step);
  EXPECT_EQ(event->report, nullptr);
}

}  // namespace
}  // namespace hikae::testing
