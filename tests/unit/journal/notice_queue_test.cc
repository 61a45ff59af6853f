// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "support.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace hikae {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NoticeQueueTest : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> open() { return Journal::open(state_, clock_, log_); }
  static Notice notice(const std::string& channel, const std::string& key) {
    Notice made;
    made.policy = "company";
    made.channel = channel;
    made.key = key;
    made.subject = "Backup Failed: 部分";
    made.content = "To: a\r\n\r\nbody";
    made.created = at(100);
    made.next_try = at(100);
    return made;
  }

  testing::TempDir folder_;
  std::string state_ = folder_ / "state";
  testing::FakeClock clock_{at(1'000'000)};
  testing::CollectingLog log_;
};

TEST_F(NoticeQueueTest, KeepsEverythingOfANotice) {
  Notice made = notice("email", "slot/1");
  made.id = open()->notices().add(made).value_or(0);
  EXPECT_GT(made.id, 0);
  EXPECT_THAT(open()->notices().waiting("company"), ElementsAre(made));
  EXPECT_THAT(open()->notices().waiting("another"), IsEmpty());
}

TEST_F(NoticeQueueTest, TellsAChannelAKeyOnce) {
  const auto journal = open();
  NoticeQueue& queue = journal->notices();
  const auto id = queue.add(notice("email", "slot/1"));
  EXPECT_FALSE(queue.add(notice("email", "slot/1")));
  EXPECT_TRUE(queue.add(notice("slack", "slot/1")));
  EXPECT_TRUE(queue.add(notice("email", "slot/2")));
  queue.settle(*id, NoticeState::delivered, at(101), "250 OK");
  EXPECT_FALSE(queue.add(notice("email", "slot/1")));
  // Without a key nothing is the same.
  EXPECT_TRUE(queue.add(notice("email", "")));
  EXPECT_TRUE(queue.add(notice("email", "")));
}

TEST_F(NoticeQueueTest, OneOfTwoProcessesGetsIt) {
  const auto first = open();
  const auto second = open();
  const std::int64_t id = *first->notices().add(notice("email", "a"));
  EXPECT_THAT(second->notices().due("company", at(99)), IsEmpty());
  EXPECT_THAT(second->notices().due("company", at(100)), SizeIs(1));
  EXPECT_EQ(first->notices().claim(id, at(100), at(200)), NoticeQueue::Claim::taken);
  EXPECT_EQ(second->notices().claim(id, at(100), at(200)), NoticeQueue::Claim::refused);
  EXPECT_THAT(second->notices().due("company", at(150)), IsEmpty());
  // The process that had it died.
  EXPECT_THAT(second->notices().due("company", at(200)), SizeIs(1));
  EXPECT_EQ(second->notices().claim(id, at(200), at(300)), NoticeQueue::Claim::taken);
  second->notices().settle(id, NoticeState::delivered, at(201), "ok");
  EXPECT_EQ(first->notices().claim(id, at(400), at(500)), NoticeQueue::Claim::refused);
}

TEST_F(NoticeQueueTest, AFailedTryWaitsForItsTime) {
  const auto journal = open();
  NoticeQueue& queue = journal->notices();
  const std::int64_t id = *queue.add(notice("email", "a"));
  queue.claim(id, at(100), at(200));
  queue.postpone(id, at(160), "451 later");
  EXPECT_THAT(queue.due("company", at(159)), IsEmpty());
  ASSERT_THAT(queue.due("company", at(160)), SizeIs(1));
  EXPECT_EQ(queue.due("company", at(160))[0].tries, 1);
  EXPECT_EQ(queue.due("company", at(160))[0].answer, "451 later");
}

TEST_F(NoticeQueueTest, WhatAClockThatRanAheadWroteHoldsNothingBack) {
  constexpr std::int64_t kYear = 365 * 86'400;
  const auto journal = open();
  NoticeQueue& queue = journal->notices();
  const std::int64_t postponed = *queue.add(notice("email", "a"));
  queue.postpone(postponed, at(kYear), "451 later");
  const std::int64_t taken = *queue.add(notice("slack", "a"));
  EXPECT_EQ(queue.claim(taken, at(kYear), at(kYear + 300)), NoticeQueue::Claim::taken);
  EXPECT_THAT(queue.due("company", at(200)), SizeIs(2));
  EXPECT_EQ(queue.claim(taken, at(200), at(500)), NoticeQueue::Claim::taken);
  queue.settle(taken, NoticeState::delivered, at(kYear), "ok");
  EXPECT_EQ(queue.delivered_since("company", "slack", at(0)), 0U);
  // What a service asks for is waited for: a day.
  queue.postpone(postponed, at(86'600), "429");
  EXPECT_THAT(queue.due("company", at(200)), IsEmpty());
}

TEST_F(NoticeQueueTest, WhatIsSettledIsCountedAndForgottenAndKeepsNoContent) {
  const auto journal = open();
  NoticeQueue& queue = journal->notices();
  const std::int64_t first = *queue.add(notice("email", "a"));
  const std::int64_t second = *queue.add(notice("email", "b"));
  queue.settle(first, NoticeState::delivered, at(1000), "250 OK");
  queue.settle(second, NoticeState::given_up, at(1000), "451 later");
  EXPECT_EQ(queue.delivered_since("company", "email", at(999)), 1U);
  EXPECT_EQ(queue.delivered_since("company", "email", at(1000)), 0U);
  EXPECT_EQ(queue.delivered_since("company", "slack", at(0)), 0U);
  const auto all = queue.notices("company", 10);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].id, second);
  EXPECT_EQ(all[0].state, NoticeState::given_up);
  EXPECT_EQ(all[1].content, "");
  queue.forget_settled("company", at(1001));
  EXPECT_THAT(queue.notices("company", 10), IsEmpty());
}

TEST_F(NoticeQueueTest, PingsThatBecameUntrueGo) {
  const auto journal = open();
  NoticeQueue& queue = journal->notices();
  queue.add(notice("ping", "a"));
  const std::int64_t mail = *queue.add(notice("email", "a"));
  queue.drop_waiting("company", "ping");
  ASSERT_THAT(queue.waiting("company"), SizeIs(1));
  EXPECT_EQ(queue.waiting("company")[0].id, mail);
}

}  // namespace
}  // namespace hikae
