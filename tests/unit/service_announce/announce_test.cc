// SPDX-License-Identifier: Apache-2.0
#include "service/announce.h"

#include <gmock/gmock.h>

#include "notify/routing.h"

namespace hikae {
namespace {

using notify::Message;
using notify::Occasion;
using policy::NotifyEvent;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Instant at(std::int64_t seconds) {
  return Instant(std::chrono::seconds(1'795'366'800 + seconds));
}

policy::Policy company(Language language = Language::en) {
  policy::Policy policy;
  policy.name = "internal-systems";
  policy.timezone = "Asia/Tokyo";
  policy.language = language;
  return policy;
}

const std::vector<EventKind> kAllKinds = {EventKind::success,
                                          EventKind::warning,
                                          EventKind::left_out,
                                          EventKind::partial,
                                          EventKind::failure,
                                          EventKind::try_failed,
                                          EventKind::recovered,
                                          EventKind::missed,
                                          EventKind::check_failed,
                                          EventKind::check_healed,
                                          EventKind::prune_failed,
                                          EventKind::deletion_frozen,
                                          EventKind::low_space,
                                          EventKind::unacknowledged,
                                          EventKind::notification_failed};

SlotEvent event_of(EventKind kind, Verdict verdict) {
  SlotEvent event;
  event.kind = kind;
  event.time = at(60);
  event.slot = {"backup", "", at(0)};
  event.verdict = verdict;
  return event;
}

TEST(Announce, SuccessAndFailureLeaveNoEventUnheard) {
  for (const EventKind kind : kAllKinds) {
    for (const Verdict verdict :
         {Verdict::ok, Verdict::warning, Verdict::partial, Verdict::failed}) {
      const Message message = to_message(event_of(kind, verdict), company(), "files01");
      const bool is_heard = notify::is_heard({NotifyEvent::success, NotifyEvent::failure}, message);
      // Of a try that another one follows, the slot's own message tells.
      EXPECT_EQ(is_heard, kind != EventKind::try_failed) << to_string(kind);
    }
  }
}

TEST(Announce, WhatIsWrongReachesFailure) {
  for (const EventKind kind : {EventKind::partial,
                               EventKind::failure,
                               EventKind::missed,
                               EventKind::check_failed,
                               EventKind::prune_failed,
                               EventKind::deletion_frozen,
                               EventKind::low_space,
                               EventKind::unacknowledged}) {
    const Message message = to_message(event_of(kind, Verdict::failed), company(), "files01");
    EXPECT_TRUE(notify::is_heard({NotifyEvent::failure}, message)) << to_string(kind);
  }
}

TEST(Announce, AReminderNamesAllThatNobodyAcknowledged) {
  SlotEvent event = event_of(EventKind::unacknowledged, Verdict::failed);
  event.also = {{"check", "", at(-7200)}, event.slot};
  event.notes = {text("service_logs.frozen", {{"source", "fileshare"}})};
  const Message message = to_message(event, company(), "files01");
  EXPECT_THAT(message.notes,
              ElementsAre(HasSubstr("Old generations of fileshare are kept"),
                          "Not acknowledged either: check of 2026-11-23 00:00:00"));
  EXPECT_THAT(notify::subject_of(message, {}), HasSubstr("backup still failed, not acknowledged"));
}

TEST(Announce, AReminderOfAFrozenDeletionAloneSaysThat) {
  SlotEvent event = event_of(EventKind::unacknowledged, Verdict::warning);
  event.slot = {"anomaly", "fileshare", at(0)};
  event.notes = {text("service_logs.frozen", {{"source", "fileshare"}})};
  for (const Language language : {Language::en, Language::ja}) {
    const Message message = to_message(event, company(language), "files01");
    const std::string said = notify::subject_of(message, {}) + notify::lead_of(message);
    EXPECT_EQ(said.find("anomaly"), std::string::npos) << said;
  }
  const Message message = to_message(event, company(), "files01");
  EXPECT_THAT(notify::subject_of(message, {}), HasSubstr("deletion still frozen"));
}

std::shared_ptr<RunReport> report_with(Verdict verdict) {
  auto report = std::make_shared<RunReport>();
  report->run_id = "0f1e2d3c4b5a6978";
  report->started = at(4);
  report->finished = at(300);
  report->verdict = verdict;
  SourceOutcome source;
  source.source = "fileshare";
  source.summary.emplace();
  source.summary->total_files_processed = 12;
  source.summary->total_bytes_processed = 3400;
  report->sources.push_back(source);
  for (const char* destination : {"nas", "s3"}) {
    RunOutcome outcome;
    outcome.source = "fileshare";
    outcome.destination = destination;
    outcome.snapshot = SnapshotId{};
    outcome.sealed = at(64);
    outcome.read_back = true;
    outcome.bytes_stored = 100;
    outcome.verdict = Verdict::ok;
    report->outcomes.push_back(outcome);
  }
  report->kept = {{"fileshare", "nas", 7}, {"fileshare", "s3", 6}};
  report->forgotten.push_back(
      {"fileshare", "nas", SnapshotId{}, at(-9999), "expired", text("x.y")});
  return report;
}

TEST(Announce, TellsTheFactsPerSourceAndDestination) {
  const SlotEvent event = manual_event({"backup", "manual", at(0)}, report_with(Verdict::ok));
  const Message message = to_message(event, company(), "files01");
  EXPECT_EQ(message.occasion, Occasion::finished);
  EXPECT_EQ(message.run, "0f1e2d3c4b5a6978");
  ASSERT_THAT(message.outcomes, SizeIs(2));
  EXPECT_EQ(message.outcomes[0].files, 12U);
  EXPECT_EQ(message.outcomes[0].bytes, 3400U);
  EXPECT_EQ(message.outcomes[0].added, 100U);
  EXPECT_EQ(message.outcomes[0].took, std::chrono::seconds(60));
  EXPECT_EQ(message.outcomes[0].kept, 7U);
  EXPECT_EQ(message.outcomes[0].dropped, 1U);
  EXPECT_EQ(message.outcomes[1].kept, 6U);
  EXPECT_EQ(message.outcomes[1].dropped, 0U);
  EXPECT_THAT(message.problems, IsEmpty());
}

TEST(Announce, SaysAProblemOnceWithItsNextStep) {
  const auto report = report_with(Verdict::failed);
  for (RunOutcome& outcome : report->outcomes) {
    outcome.verdict = Verdict::failed;
    outcome.failure = Error(ErrorCode::io, text("net.connect", {{"host", "h"}, {"reason", "r"}}))
                          .with_hint(text("net.connect_hint"));
  }
  const SlotEvent event = manual_event({"backup", "manual", at(0)}, report);
  const Message message = to_message(event, company(Language::ja), "files01");
  ASSERT_THAT(message.problems, SizeIs(1));
  EXPECT_THAT(message.problems[0].what, HasSubstr("接続できません"));
  EXPECT_THAT(message.problems[0].next_step, HasSubstr("確認してください"));
}

TEST(Announce, WhatAnotherTryMadeGoodIsNoProblem) {
  const auto report = report_with(Verdict::partial);
  report->outcomes[1].verdict = Verdict::failed;
  report->outcomes[1].failure = Error(ErrorCode::io, text("net.connect_hint"));
  SlotEvent event = event_of(EventKind::success, Verdict::ok);
  event.report = report;
  for (const char* destination : {"nas", "s3"}) {
    RunItem item;
    item.source = "fileshare";
    item.destination = destination;
    item.verdict = Verdict::ok;
    item.snapshot = std::string(64, 'a');
    event.items.push_back(item);
  }
  event.tries = {{"a", at(4), at(10), Verdict::failed, "no connection"},
                 {"b", at(604), at(700), Verdict::ok, ""}};
  const Message message = to_message(event, company(), "files01");
  EXPECT_THAT(message.problems, IsEmpty());
  ASSERT_THAT(message.attempts, SizeIs(2));
  EXPECT_EQ(message.attempts[0].reason, "no connection");
  EXPECT_EQ(message.started, at(4));
  EXPECT_EQ(message.finished, at(700));
}

TEST(Announce, AMissedSlotNamesAllThatWereMissed) {
  SlotEvent event = event_of(EventKind::missed, Verdict::failed);
  event.also = {{"backup", "", at(-86'400)}, {"backup", "", at(0)}};
  const Message message = to_message(event, company(), "files01");
  EXPECT_THAT(message.notes, ElementsAre("Missed as well: 2026-11-22 02:00:00"));
}

TEST(Announce, ACheckTellsItsFindings) {
  SlotEvent event = event_of(EventKind::check_failed, Verdict::failed);
  event.slot.job = "check";
  DestinationResult result;
  result.destination = "nas";
  result.verdict = Verdict::failed;
  result.summary = text("net.connect_hint");
  result.details = {"data/ab/abcd"};
  event.results = {result};
  event.next_step = text("net.no_such_host_hint");
  const Message message = to_message(event, company(), "files01");
  ASSERT_THAT(message.outcomes, SizeIs(1));
  EXPECT_EQ(message.outcomes[0].destination, "nas");
  EXPECT_THAT(message.notes, SizeIs(2));
  EXPECT_EQ(message.items[0].path, "data/ab/abcd");
}

TEST(Announce, TheSecondChannelIsTheLastThatIsGiven) {
  policy::Notify notify;
  EXPECT_EQ(second_channel(notify), "");
  notify.email = policy::EmailNotice();
  EXPECT_EQ(second_channel(notify), "email");
  notify.slack = policy::SlackNotice();
  EXPECT_EQ(second_channel(notify), "slack");
  notify.second = policy::NoticeChannel::email;
  EXPECT_EQ(second_channel(notify), "email");
}

}  // namespace
}  // namespace hikae
