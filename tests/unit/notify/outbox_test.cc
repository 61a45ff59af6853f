// SPDX-License-Identifier: Apache-2.0
// The outbox with real channels: a mail server with STARTTLS and AUTH, an HTTPS receiver, a
// journal.
#include "notify/outbox.h"

#include <sys/stat.h>

#include <map>
#include <mutex>

#include <gmock/gmock.h>

#include "crypto/mac.h"
#include "samples.h"
#include "support/fake_clock.h"
#include "support/receiver.h"
#include "support/smtp_server.h"

namespace hikae::notify {
namespace {

using policy::NotifyEvent;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class CollectingLog final : public Log {
 public:
  void write(LogLevel, const Text& message) override {
    const std::lock_guard lock(mutex_);
    said_ += render(message, Language::en) + "\n";
  }
  std::string said() const {
    const std::lock_guard lock(mutex_);
    return said_;
  }

 private:
  mutable std::mutex mutex_;
  std::string said_;
};

// Servers cost a second each: one set for all tests, with paths and receivers of their own.
class OutboxTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { authority_ = std::make_unique<hikae::testing::TestAuthority>(); }
  static void TearDownTestSuite() { authority_.reset(); }

  OutboxTest()
      : certificate_(authority_->issue("DNS:localhost,IP:127.0.0.1")),
        mail_(certificate_),
        web_(certificate_) {
    clock_.set(testing::at(testing::kTwo + 1600));
    notify_.ca_file = authority_->file();
  }

  void use_mail() {
    policy::EmailNotice email;
    email.to = {"ops@company.test"};
    email.from = "backup@company.test";
    policy::Smtp smtp;
    smtp.host = "localhost";
    smtp.port = mail_.starttls_port();
    smtp.user = hikae::testing::SmtpServer::kUser;
    smtp.password = reference("smtp");
    smtp.ca_file = authority_->file();
    email.smtp = smtp;
    notify_.email = email;
  }
  void use_slack() {
    notify_.slack = policy::SlackNotice();
    notify_.slack->webhook = reference("slack");
  }
  void use_webhook() {
    notify_.webhook = policy::WebhookNotice();
    notify_.webhook->webhook = reference("webhook");
    notify_.webhook->on = {NotifyEvent::success, NotifyEvent::failure};
  }

  static policy::SecretReference reference(const std::string& name) {
    return {policy::SecretReference::Kind::env, name};
  }

  Outbox make() {
    OutboxRules rules;
    rules.policy = "internal-systems";
    rules.host = "files01";
    rules.timezone = "Asia/Tokyo";
    rules.most_per_hour = most_per_hour_;
    const ChannelContext context{clock_,
                                 "files01",
                                 [this](const policy::SecretReference& secret, const StopToken&) {
                                   return Secret(secrets_.at(secret.value));
                                 },
                                 policy::TransportCipher::aes_256};
    return {rules, make_channels(notify_, context), journal_->notices(), clock_, log_};
  }

  void tell(const Message& message) {
    Outbox outbox = make();
    outbox.add(message);
    outbox.send_due({});
  }
  void tick() { make().send_due({}); }
  std::vector<Notice> waiting() { return journal_->notices().waiting("internal-systems"); }

  static std::unique_ptr<hikae::testing::TestAuthority> authority_;
  hikae::testing::TestAuthority::Certificate certificate_;
  hikae::testing::SmtpServer mail_;
  hikae::testing::Receiver web_;
  hikae::testing::TempDir folder_;
  hikae::testing::FakeClock clock_;
  CollectingLog log_;
  std::unique_ptr<Journal> journal_ = Journal::open(folder_ / "state", clock_, log_);
  policy::Notify notify_;
  std::size_t most_per_hour_ = 20;
  std::map<std::string, std::string> secrets_ = {{"smtp", "pw123"},
                                                 {"slack", web_.url("/services/T0/B0/geheim")},
                                                 {"webhook", web_.url("/hook/geheim?x=1")},
                                                 {"ping", web_.url("/ping/geheim-uuid")},
                                                 {"key", "signing key"}};
};
std::unique_ptr<hikae::testing::TestAuthority> OutboxTest::authority_;

TEST_F(OutboxTest, EachChannelHearsItsOwnAndASlotOnce) {
  use_mail();
  use_slack();
  tell(testing::completed(Language::en));
  EXPECT_EQ(mail_.count(), 1);
  EXPECT_EQ(web_.count(), 0);
  Message failed = testing::failed(Language::ja);
  failed.slot.scheduled += hours(24);
  tell(failed);
  tell(failed);
  tick();
  EXPECT_EQ(mail_.count(), 2);
  EXPECT_EQ(web_.count(), 1);
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_THAT(mail_.mail(2),
              AllOf(HasSubstr("X-Envelope-To: ops@company.test"),
                    HasSubstr("\r\nAuto-Submitted: auto-generated\r\n"),
                    HasSubstr("\r\nX-Hikae-Verdict: partial\r\n"),
                    HasSubstr("\r\nX-Hikae-Policy: internal-systems\r\n"),
                    HasSubstr("\r\nImportance: high\r\n")));
  EXPECT_THAT(web_.request(1),
              AllOf(HasSubstr("\"path\": \"/services/T0/B0/geheim\""),
                    HasSubstr("\\\"blocks\\\":[{\\\"type\\\":\\\"header\\\""),
                    HasSubstr("application/json")));
}

TEST_F(OutboxTest, KeepsWhatIsNotTakenAndTriesAgainLater) {
  use_mail();
  mail_.go_down();
  tell(testing::completed(Language::en));
  ASSERT_THAT(waiting(), SizeIs(1));
  EXPECT_EQ(waiting()[0].tries, 1);
  EXPECT_THAT(waiting()[0].answer, HasSubstr("451 4.3.0"));
  mail_.come_up();
  tick();  // not its time yet
  EXPECT_EQ(mail_.count(), 0);
  clock_.advance(minutes(1));
  tick();
  EXPECT_EQ(mail_.count(), 1);
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(OutboxTest, ReportsAFailingChannelByTheOthersOnceADay) {
  use_mail();
  use_slack();
  web_.answer_with("404 no_service");
  tell(testing::failed(Language::en));
  // The failure itself, and that Slack did not take it.
  ASSERT_EQ(mail_.count(), 2);
  EXPECT_THAT(mail_.mail(2),
              AllOf(HasSubstr("Subject: Backup Failed: notification by slack"),
                    HasSubstr("404 no_service"),
                    HasSubstr("Make a new"),
                    Not(HasSubstr("geheim"))));
  EXPECT_THAT(log_.said(), AllOf(HasSubstr("404 no_service"), Not(HasSubstr("geheim"))));
  for (int i = 0; i < 5; ++i) {
    clock_.advance(hours(1));
    tick();
  }
  EXPECT_EQ(mail_.count(), 2);
  clock_.advance(hours(24));
  tick();
  EXPECT_EQ(mail_.count(), 3);
  web_.answer_with("200 ok");
  clock_.advance(hours(1));
  tick();
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(OutboxTest, ReportsATransientFailureOnlyAfterTheThirdTry) {
  use_mail();
  use_slack();
  web_.answer_with("503 try later");
  tell(testing::failed(Language::en));
  EXPECT_EQ(mail_.count(), 1);
  clock_.advance(minutes(1));
  tick();
  EXPECT_EQ(mail_.count(), 1);
  clock_.advance(minutes(5));
  tick();
  EXPECT_EQ(mail_.count(), 2);
}

TEST_F(OutboxTest, WaitsAsLongAsSlackAsks) {
  use_slack();
  web_.answer_with("429 rate_limited");
  web_.retry_after("1800");
  tell(testing::failed(Language::en));
  ASSERT_THAT(waiting(), SizeIs(1));
  EXPECT_EQ(waiting()[0].next_try, clock_.now() + minutes(30));
}

TEST_F(OutboxTest, TellsARefusedReceiverAlthoughTheOthersGotTheirMail) {
  use_mail();
  use_slack();
  notify_.email->to = {"reject@company.test", "ops@company.test"};
  tell(testing::completed(Language::en));
  EXPECT_EQ(mail_.count(), 1);
  EXPECT_THAT(mail_.mail(1), HasSubstr("X-Envelope-To: ops@company.test"));
  ASSERT_EQ(web_.count(), 1);
  EXPECT_THAT(web_.request(1), AllOf(HasSubstr("reject@company.test"), HasSubstr("550 5.1.1")));
}

TEST_F(OutboxTest, AReceiverThatIsAskedToWaitGetsItLaterAndTheOthersOnce) {
  use_mail();
  notify_.email->to = {"ops@company.test", "later@company.test"};
  tell(testing::completed(Language::en));
  EXPECT_EQ(mail_.count(), 1);
  EXPECT_THAT(mail_.mail(1), HasSubstr("X-Envelope-To: ops@company.test"));
  ASSERT_THAT(waiting(), SizeIs(1));
  tick();
  EXPECT_THAT(waiting(), SizeIs(1)) << "not before the pause is over";
  clock_.advance(minutes(2));
  tick();
  EXPECT_EQ(mail_.count(), 1);
  ASSERT_THAT(waiting(), SizeIs(1));
  EXPECT_THAT(waiting()[0].answer, HasSubstr("greylisted"));
  // The administrator changes to the machine's own mail: it takes the mail alone.
  const std::string program = folder_ / "sendmail";
  hikae::testing::write_file(program, "#!/bin/sh\ncat >" + (folder_ / "mail") + "\n");
  chmod(program.c_str(), 0755);
  notify_.email->smtp.reset();
  notify_.email->sendmail = program;
  clock_.advance(hours(1));
  tick();
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_THAT(hikae::testing::read_file(folder_ / "mail"),
              AllOf(HasSubstr("From: backup@company.test\n"), Not(HasSubstr("X-Hikae-Receivers"))));
}

TEST_F(OutboxTest, AStormBecomesOneMessage) {
  use_mail();
  most_per_hour_ = 3;
  Message message = testing::failed(Language::en);
  Outbox outbox = make();
  for (int i = 0; i < 30; ++i) {
    message.slot.scheduled += minutes(1);
    outbox.add(message);
  }
  outbox.send_due({});
  ASSERT_EQ(mail_.count(), 1);
  EXPECT_THAT(mail_.mail(1), HasSubstr("Subject: Backup Failed: 30 messages"));
  EXPECT_THAT(waiting(), IsEmpty());
  // Two more fit into the hour, the rest waits for room.
  for (int i = 0; i < 5; ++i) {
    message.slot.scheduled += minutes(1);
    tell(message);
  }
  EXPECT_EQ(mail_.count(), 3);
  EXPECT_THAT(waiting(), SizeIs(3));
  clock_.advance(minutes(61));
  tick();
  EXPECT_EQ(mail_.count(), 6);
  EXPECT_THAT(waiting(), IsEmpty());
  // The clock had run ahead and is put right: what it delivered then fills no hour of now.
  clock_.set(clock_.now() - hours(24 * 30));
  message.slot.scheduled += minutes(1);
  tell(message);
  EXPECT_EQ(mail_.count(), 7);
}

TEST_F(OutboxTest, GivesUpWhatIsAWeekOld) {
  use_slack();
  web_.answer_with("404 no_service");
  tell(testing::failed(Language::en));
  clock_.advance(hours(8 * 24));
  tick();
  EXPECT_THAT(waiting(), IsEmpty());
  const auto all = journal_->notices().notices("internal-systems", 10);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].state, NoticeState::given_up);
}

TEST_F(OutboxTest, KeepsNoSecretInTheJournal) {
  use_mail();
  use_slack();
  use_webhook();
  notify_.webhook->signing_key = reference("key");
  notify_.ping = reference("ping");
  web_.answer_with("500 no");
  mail_.go_down();
  Message message = testing::failed(Language::en);
  message.problems[0].what = "https://user:geheim@nas/ password=geheim";
  tell(message);
  EXPECT_THAT(waiting(), SizeIs(4));
  for (const Notice& notice : waiting())
    EXPECT_THAT(
        notice.content + notice.answer + notice.subject,
        AllOf(Not(HasSubstr("geheim")), Not(HasSubstr("pw123")), Not(HasSubstr("signing"))));
  EXPECT_THAT(log_.said(), Not(HasSubstr("geheim")));
}

TEST_F(OutboxTest, AServerThatRepeatsTheAddressDoesNotGiveItAway) {
  use_webhook();
  web_.answer_with("404 Cannot POST /hook/geheim?x=1, there is no /hook/geheim");
  tell(testing::failed(Language::en));
  ASSERT_THAT(waiting(), SizeIs(1));
  EXPECT_THAT(log_.said(),
              AllOf(HasSubstr("Cannot POST ***, there is no ***"), Not(HasSubstr("geheim"))));
  EXPECT_THAT(waiting()[0].answer, Not(HasSubstr("geheim")));
}

TEST_F(OutboxTest, PartsOfAnAddressThatLookSecretAreHiddenToo) {
  notify_.ping = reference("ping");
  secrets_["ping"] = web_.url("/ping/0a1b2c3d-0000-4000-8000-feedfeedfeed");
  web_.answer_with("404 no check 0a1b2c3d-0000-4000-8000-feedfeedfeed");
  tell(testing::completed(Language::en));
  EXPECT_THAT(log_.said(), AllOf(HasSubstr("no check ***"), Not(HasSubstr("feedfeed"))));
}

TEST_F(OutboxTest, UnacknowledgedGoesToOneChannelAndAReportToAllOthers) {
  use_mail();
  use_slack();
  Message message = testing::failed(Language::en);
  message.occasion = Occasion::unacknowledged;
  Outbox outbox = make();
  outbox.add(message, {"slack", ""});
  outbox.send_due({});
  EXPECT_EQ(mail_.count(), 0);
  EXPECT_EQ(web_.count(), 1);
}

TEST_F(OutboxTest, AWebhookIsSignedOverItsTimeAndBody) {
  use_webhook();
  notify_.webhook->signing_key = reference("key");
  notify_.webhook->body = R"({"title": "{{subject}}", "state": "{{verdict}}"})";
  tell(testing::completed(Language::en));
  ASSERT_EQ(web_.count(), 1);
  const std::string body =
      R"({"title": "Backup Completed: ok - internal-systems (files01) 2026-11-23 02:00", "state": "ok"})";
  const std::string time = std::to_string(testing::kTwo + 1600);
  const std::string signature =
      hmac_sha256(as_bytes("signing key"), as_bytes(time + "." + body)).hex();
  EXPECT_THAT(web_.request(1),
              AllOf(HasSubstr("\"x-hikae-signature\": \"sha256=" + signature + "\""),
                    HasSubstr("\"x-hikae-timestamp\": \"" + time + "\""),
                    HasSubstr("\"path\": \"/hook/geheim?x=1\"")));
}

TEST_F(OutboxTest, AWebhookThatCannotBeWrittenIsReported) {
  use_mail();
  use_webhook();
  notify_.webhook->body = "{{nonsense}}";
  tell(testing::completed(Language::en));
  ASSERT_EQ(mail_.count(), 2);
  EXPECT_EQ(web_.count(), 0);
}

TEST_F(OutboxTest, PingsSayStartAndEndWithOneIdAndNoName) {
  notify_.ping = reference("ping");
  Message message = testing::completed(Language::en);
  message.occasion = Occasion::started;
  tell(message);
  message.occasion = Occasion::retrying;
  message.verdict = Verdict::failed;
  tell(message);
  tell(testing::failed(Language::en));
  Message next = testing::completed(Language::en);
  next.slot.scheduled += hours(24);
  tell(next);
  next.slot.scheduled += hours(24);
  next.occasion = Occasion::missed;
  tell(next);
  ASSERT_EQ(web_.count(), 5);
  const std::string first = web_.request(1);
  const std::size_t at = first.find("?rid=") + 5;
  const std::string id = first.substr(at, 36);
  EXPECT_THAT(first, HasSubstr("\"path\": \"/ping/geheim-uuid/start?rid=" + id));
  EXPECT_THAT(web_.request(2), HasSubstr("/ping/geheim-uuid/log?rid=" + id));
  EXPECT_THAT(web_.request(3), HasSubstr("/ping/geheim-uuid/3?rid=" + id));
  EXPECT_THAT(web_.request(4), AllOf(HasSubstr("/ping/geheim-uuid?rid="), Not(HasSubstr(id))));
  EXPECT_THAT(web_.request(5), HasSubstr("/ping/geheim-uuid/fail?rid="));
  for (int i = 1; i <= 5; ++i)
    EXPECT_THAT(web_.request(i), AllOf(Not(HasSubstr("fileshare")), Not(HasSubstr("files01"))));
}

TEST_F(OutboxTest, ALaterPingReplacesOneThatWasNotTaken) {
  notify_.ping = reference("ping");
  web_.answer_with("503 no");
  tell(testing::completed(Language::en));
  Message next = testing::failed(Language::en);
  next.slot.scheduled += hours(24);
  tell(next);
  ASSERT_THAT(waiting(), SizeIs(1));
  EXPECT_THAT(waiting()[0].content, HasSubstr("/3\n"));
  web_.answer_with("200 ok");
  clock_.advance(hours(1));
  tick();
  EXPECT_THAT(web_.request(web_.count()), HasSubstr("geheim-uuid/3?rid="));
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(OutboxTest, RefusesPlainHttpAndShowsNoWrongSecret) {
  use_slack();
  secrets_["slack"] = "http://hooks.example/services/geheim";
  tell(testing::failed(Language::en));
  EXPECT_THAT(log_.said(), AllOf(HasSubstr("plain http"), Not(HasSubstr("geheim"))));
  secrets_["slack"] = "my password is geheim";
  clock_.advance(hours(2));
  tick();
  EXPECT_THAT(log_.said(), AllOf(HasSubstr("no http:// or https://"), Not(HasSubstr("geheim"))));
}

TEST_F(OutboxTest, MailGoesThroughTheLocalProgram) {
  use_mail();
  notify_.email->smtp.reset();
  const std::string program = folder_ / "sendmail";
  hikae::testing::write_file(
      program,
      "#!/bin/sh\necho \"$@\" >" + (folder_ / "arguments") + "\ncat >" + (folder_ / "mail") + "\n");
  chmod(program.c_str(), 0755);
  notify_.email->sendmail = program;
  tell(testing::completed(Language::ja));
  EXPECT_EQ(hikae::testing::read_file(folder_ / "arguments"), "-t -i -f backup@company.test\n");
  EXPECT_THAT(hikae::testing::read_file(folder_ / "mail"),
              AllOf(HasSubstr("\nTo: ops@company.test\n"), Not(HasSubstr("\r"))));
  EXPECT_THAT(waiting(), IsEmpty());
  hikae::testing::write_file(program,
                             "#!/bin/sh\ncat >/dev/null\necho out of order >&2\nexit 75\n");
  Message next = testing::completed(Language::en);
  next.slot.scheduled += hours(24);
  tell(next);
  ASSERT_THAT(waiting(), SizeIs(1));
  EXPECT_THAT(waiting()[0].answer, HasSubstr("out of order"));
  notify_.email->sendmail = "/nonexistent/sendmail";
  clock_.advance(hours(1));
  tick();
  EXPECT_THAT(log_.said(), HasSubstr("/nonexistent/sendmail"));
}

TEST_F(OutboxTest, TellsEachAnswerOfATest) {
  use_mail();
  use_slack();
  web_.answer_with("403 action_prohibited");
  Message message = testing::frame(Language::en);
  message.occasion = Occasion::test;
  const auto answers = make().try_now(message, "", {});
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[0].channel, "email");
  EXPECT_FALSE(answers[0].delivery.failure);
  EXPECT_THAT(answers[0].delivery.answer, HasSubstr("250 2.0.0 taken as 1"));
  ASSERT_TRUE(answers[1].delivery.failure);
  EXPECT_THAT(answers[1].delivery.failure->what(), HasSubstr("403 action_prohibited"));
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(OutboxTest, OneThatIsAskedToStopKeepsEverything) {
  use_mail();
  Outbox outbox = make();
  outbox.add(testing::completed(Language::en));
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(outbox.send_due(source.get_token()), Cancelled);
  EXPECT_THAT(waiting(), SizeIs(1));
}

}  // namespace
}  // namespace hikae::notify
