// SPDX-License-Identifier: Apache-2.0
#include "scheduler/slot_events.h"

#include <gmock/gmock.h>

namespace hikae {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RunItem item(const std::string& source, const std::string& destination, Verdict verdict) {
  RunItem item;
  item.source = source;
  item.destination = destination;
  item.verdict = verdict;
  return item;
}

TEST(SlotEvents, AGoodOutcomeStaysAndAFailedOneIsReplaced) {
  const auto merged =
      merge_items({{item("a", "nas", Verdict::ok), item("a", "usb", Verdict::failed)},
                   {item("a", "nas", Verdict::failed), item("a", "usb", Verdict::warning)}});
  ASSERT_THAT(merged, SizeIs(2));
  EXPECT_EQ(merged[0].verdict, Verdict::ok);
  EXPECT_EQ(merged[1].verdict, Verdict::warning);
}

TEST(SlotEvents, TheVerdictFollowsFromTheMergedOutcomes) {
  const std::vector<std::string> sources = {"a", "b"};
  EXPECT_EQ(judge_items({}, sources), Verdict::failed);
  EXPECT_EQ(judge_items({item("a", "nas", Verdict::ok)}, sources), Verdict::failed);
  EXPECT_EQ(judge_items({item("a", "nas", Verdict::ok), item("b", "nas", Verdict::ok)}, sources),
            Verdict::ok);
  EXPECT_EQ(judge_items({item("a", "nas", Verdict::ok),
                         item("b", "nas", Verdict::ok),
                         item("b", "usb", Verdict::failed)},
                        sources),
            Verdict::partial);
}

TEST(SlotEvents, WhatLacksSomewhereIsIncomplete) {
  const std::vector<RunItem> items = {item("a", "nas", Verdict::ok),
                                      item("a", "usb", Verdict::failed),
                                      item("b", "nas", Verdict::partial)};
  EXPECT_THAT(incomplete_sources(items, {"a", "b", "c"}), ElementsAre("a", "c"));
  EXPECT_THAT(incomplete_sources(items, {"b"}), IsEmpty());
}

TEST(SlotEvents, ASourceIsLeftOutWhereNoDestinationGotIt) {
  RunItem left_out = item("a", "nas", Verdict::warning);
  left_out.message = "left out by sources.a.hooks.before (exit code 75)";
  EXPECT_TRUE(left_source_out({left_out, item("b", "nas", Verdict::ok)}));
  // Another destination has it: a disk that is not there today.
  RunItem sealed = item("a", "usb", Verdict::ok);
  sealed.snapshot = std::string(64, 'a');
  EXPECT_FALSE(left_source_out({left_out, sealed}));
  // A slow destination that is still being filled says nothing.
  EXPECT_FALSE(left_source_out({item("a", "nas", Verdict::warning)}));
}

TEST(SlotEvents, OnlyWhatMayPassByItselfIsTriedAgain) {
  const Text why = text("service_due.beginning");
  for (const ErrorCode code : {ErrorCode::locked, ErrorCode::timeout, ErrorCode::not_mounted})
    EXPECT_TRUE(is_transient(Error(code, why))) << to_string(code);
  EXPECT_TRUE(is_transient(Error(ErrorCode::io, why, Retry::after_backoff)));
  EXPECT_FALSE(is_transient(Error(ErrorCode::io, why)));
  for (const ErrorCode code : {ErrorCode::wrong_password,
                               ErrorCode::no_repository,
                               ErrorCode::no_space,
                               ErrorCode::invalid_argument,
                               ErrorCode::permission})
    EXPECT_FALSE(is_transient(Error(code, why, Retry::after_backoff))) << to_string(code);
  EXPECT_FALSE(is_transient(Error(ErrorCode::empty_source, why)));
}

}  // namespace
}  // namespace hikae
