// SPDX-License-Identifier: Apache-2.0
#include "notify/message.h"

#include <set>

#include <gmock/gmock.h>

#include "base/error.h"
#include "notify/render.h"
#include "notify/routing.h"
#include "notify/template.h"
#include "samples.h"

namespace hikae::notify {
namespace {

using policy::NotifyEvent;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<Occasion> kToldToPeople = {Occasion::finished,
                                             Occasion::left_out,
                                             Occasion::missed,
                                             Occasion::recovered,
                                             Occasion::frozen,
                                             Occasion::low_space,
                                             Occasion::overdue,
                                             Occasion::unacknowledged,
                                             Occasion::policy_unreadable,
                                             Occasion::undeliverable,
                                             Occasion::digest,
                                             Occasion::test};
const std::vector<Verdict> kVerdicts = {
    Verdict::ok, Verdict::warning, Verdict::partial, Verdict::failed};
const std::vector<std::string> kJobs = {"backup", "prune", "check", "drill", "review", "notify"};

// Every message that can be: what happened, to which job, how it ended, with which concerns.
template <typename Body>
void for_all_messages(const Body& body) {
  const std::vector<std::vector<Concern>> concerns = {
      {}, {Concern::deletion_frozen}, {Concern::low_space}};
  for (const Language language : {Language::en, Language::ja})
    for (const Occasion occasion : kToldToPeople)
      for (const std::string& job : kJobs)
        for (const Verdict verdict : kVerdicts)
          for (const std::vector<Concern>& concern : concerns) {
            Message message = testing::frame(language);
            message.occasion = occasion;
            message.slot.job = job;
            message.verdict = verdict;
            message.concerns = concern;
            body(message);
          }
}

TEST(Routing, SuccessAndFailureLeaveNothingUnheard) {
  for_all_messages([](const Message& message) {
    EXPECT_TRUE(is_heard({NotifyEvent::success, NotifyEvent::failure}, message))
        << word_of(message.occasion) << " " << message.slot.job << " "
        << to_string(message.verdict);
  });
}

TEST(Routing, FailureHearsAllThatIsNotGood) {
  for_all_messages([](const Message& message) {
    const bool is_bad = message.verdict >= Verdict::partial || !message.concerns.empty();
    const bool heard = is_heard({NotifyEvent::failure}, message);
    EXPECT_TRUE(heard || !is_failure(message));
    if (message.occasion == Occasion::finished) {
      EXPECT_EQ(heard, is_bad);
    }
  });
}

TEST(Routing, SuccessHearsOkAndWarningAndNoFailure) {
  for_all_messages([](const Message& message) {
    if (message.occasion != Occasion::finished) return;
    EXPECT_EQ(is_heard({NotifyEvent::success}, message), message.verdict < Verdict::partial);
  });
}

TEST(Routing, SlackHearsWhatFailedAfterTheRetriesAndItsEnd) {
  const std::vector<NotifyEvent> slack = {NotifyEvent::failure_after_retries,
                                          NotifyEvent::recovered};
  EXPECT_TRUE(is_heard(slack, testing::failed(Language::en)));
  EXPECT_TRUE(is_heard(slack, testing::missed(Language::en)));
  EXPECT_TRUE(is_heard(slack, testing::recovered(Language::en)));
  EXPECT_FALSE(is_heard(slack, testing::completed(Language::en)));
  Message retrying = testing::failed(Language::en);
  retrying.occasion = Occasion::retrying;
  EXPECT_FALSE(is_heard(slack, retrying));
}

TEST(Routing, ATryThatIsNotTheLastIsNoMail) {
  for (const Occasion occasion : {Occasion::started, Occasion::retrying}) {
    Message message = testing::failed(Language::en);
    message.occasion = occasion;
    EXPECT_TRUE(events_of(message).empty());
  }
}

TEST(Routing, DrillAndReviewWordsHearTheirs) {
  Message message = testing::frame(Language::en);
  message.slot.job = "drill";
  EXPECT_TRUE(is_heard({NotifyEvent::drill}, message));
  message.slot.job = "review";
  message.verdict = Verdict::failed;
  EXPECT_TRUE(is_heard({NotifyEvent::review}, message));
  EXPECT_FALSE(is_heard({NotifyEvent::drill}, message));
  EXPECT_FALSE(is_heard({NotifyEvent::failure_after_retries}, message));
}

TEST(Subject, BeginsAsTheFiltersExpectAndSaysTheVerdictOfTheExitCode) {
  for_all_messages([](const Message& message) {
    const std::string subject = subject_of(message, {});
    EXPECT_THAT(subject,
                StartsWith(is_failure(message) ? "Backup Failed: " : "Backup Completed: "));
    EXPECT_EQ(subject.find('\n'), std::string::npos);
    if (message.occasion != Occasion::finished) return;
    EXPECT_EQ(is_failure(message), exit_code(message.verdict) != 0);
    EXPECT_THAT(subject, HasSubstr(std::string(to_string(message.verdict))));
  });
}

TEST(Subject, WordsAreThePolicys) {
  EXPECT_THAT(subject_of(testing::completed(Language::en), {"[OK] Sicherung", "[!!] Sicherung"}),
              StartsWith("[OK] Sicherung: ok - internal-systems (files01) 2026-11-23 02:00"));
}

TEST(Subject, StaysOneLineWhateverTheNames) {
  Message message = testing::failed(Language::ja);
  message.host = "evil\r\nBcc: everybody@example.org";
  message.policy = "a\nb\x1b[2J";
  const std::string subject = subject_of(message, {});
  for (const char c : subject) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

TEST(Key, IsTheSlotAndTheOccasion) {
  const Message first = testing::failed(Language::en);
  Message later = first;
  later.time += std::chrono::hours(1);
  later.verdict = Verdict::failed;
  EXPECT_EQ(key_of(first), key_of(later));
  later.slot.scheduled += std::chrono::hours(24);
  EXPECT_NE(key_of(first), key_of(later));
  EXPECT_NE(key_of(first), key_of(testing::missed(Language::en)));
  // A channel that is out of order for days is told once a day.
  Message broken = testing::undeliverable(Language::en);
  const std::string key = key_of(broken);
  broken.time += std::chrono::minutes(30);
  EXPECT_EQ(key_of(broken), key);
  broken.time += std::chrono::hours(24);
  EXPECT_NE(key_of(broken), key);
}

TEST(Text, SaysWhatFailedAndTheNextStepBeforeTheFacts) {
  const std::string text = to_text(testing::failed(Language::en), Details::full);
  EXPECT_LT(text.find("Next step: Check that the server runs"), text.find("Sources and"));
  EXPECT_THAT(text,
              AllOf(HasSubstr("fileshare → nas: partial"),
                    HasSubstr("70,001 files, 12.345 GiB"),
                    HasSubstr("7 generations kept, 1 dropped"),
                    HasSubstr("3. 2026-11-23 02:23:20 partial"),
                    HasSubstr("… and 1 more")));
}

TEST(Text, ACheckIsOfDestinationsAlone) {
  Message message = testing::failed(Language::en);
  message.outcomes.resize(1);
  message.outcomes[0].source.clear();
  EXPECT_THAT(to_text(message, Details::full), HasSubstr("\nDestinations\n  nas: partial"));
  message.language = Language::ja;
  EXPECT_THAT(to_html(message, "subject", Details::full),
              AllOf(HasSubstr("保存先"), Not(HasSubstr("バックアップ元 →"))));
}

TEST(Details, NoPathOfAFileLeavesByDefault) {
  const Message message = testing::failed(Language::en);
  const std::string subject = subject_of(message, {});
  for (const std::string& form : {to_text(message, Details::summary),
                                  to_html(message, subject, Details::summary),
                                  to_slack(message, subject, Details::summary),
                                  to_json(message, subject, Details::summary)})
    EXPECT_THAT(form, AllOf(Not(HasSubstr("/srv/fileshare")), HasSubstr("fileshare")));
}

TEST(Details, NoneTellsNoSourceHostOrSentence) {
  const Message message = testing::failed(Language::en);
  for (const std::string& form : {to_text(message, Details::none),
                                  to_slack(message, "subject", Details::none),
                                  to_json(message, "subject", Details::none),
                                  to_ping_text(message)})
    EXPECT_THAT(form, AllOf(Not(HasSubstr("fileshare")), Not(HasSubstr("amazonaws"))));
  EXPECT_EQ(to_ping_text(message), "internal-systems: finished partial\n1/3 good\n3 unreadable\n");
}

TEST(Html, LetsNoNameBecomeMarkup) {
  Message message = testing::failed(Language::en);
  message.outcomes[0].source = "<script>alert(1)</script>";
  message.problems[0].what = "<img src=x onerror=y>";
  message.items[0].path = "/srv/\"><script>";
  message.host = "<h1>";
  const std::string html = to_html(message, "<subject>", Details::full);
  EXPECT_THAT(html,
              AllOf(Not(HasSubstr("<script>")),
                    Not(HasSubstr("<img src")),
                    Not(HasSubstr("<subject>")),
                    HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;")));
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(Slack, KeepsWithinTheLimitsWhateverHappened) {
  Message message = testing::failed(Language::ja);
  message.host = std::string(300, 'h');
  for (int i = 0; i < 400; ++i) {
    message.problems.push_back({std::string(3500, '&') + std::to_string(i), "次の手順"});
    message.outcomes.push_back(message.outcomes[0]);
    message.items.push_back(message.items[0]);
  }
  message.problems.push_back({std::string(9000, 'x') + "日本語", ""});
  const std::string slack = to_slack(message, subject_of(message, {}), Details::full);
  EXPECT_LE(count_of(slack, "{\"type\":\"section\"") + 2, 50U);
  // Every text: of the header, of a section, the fallback. JSON's own escapes make them no shorter.
  for (std::size_t at = slack.find("\"text\":\""); at != std::string::npos;
       at = slack.find("\"text\":\"", at + 1)) {
    std::size_t end = at + 8;
    while (slack[end] != '"') end += slack[end] == '\\' ? 2 : 1;
    EXPECT_GT(end - at, 8U);
    const std::string text = slack.substr(at + 8, end - at - 8);
    // Go's escapes of & < > count six bytes for one character.
    EXPECT_LE(text.size() - 5 * count_of(text, "\\u0026"), 3000U);
  }
  EXPECT_LE(to_slack(testing::completed(Language::en), std::string(500, 's'), Details::none)
                .find("\"emoji\""),
            1000U);
}

TEST(Slack, LetsNoNameBecomeALinkOrAMention) {
  Message message = testing::failed(Language::en);
  message.problems[0].what = "<!channel> <https://evil.example|click>";
  EXPECT_THAT(to_slack(message, "s", Details::summary),
              AllOf(Not(HasSubstr("<!channel>")), Not(HasSubstr("\\u003c!channel"))));
}

TEST(Redaction, HidesLoginsTokensAndPasswords) {
  EXPECT_EQ(redacted("see https://user:geheim@nas/x now"), "see https://user:***@nas/x now");
  EXPECT_EQ(redacted("sftp://backup@nas/backup"), "sftp://backup@nas/backup");
  EXPECT_EQ(redacted("POST https://hooks.slack.com/services/T0/B0/abc failed"),
            "POST https://hooks.slack.com/***"
            " failed");
  EXPECT_EQ(redacted("/etc/hooks/script"), "/etc/hooks/script");
  EXPECT_EQ(redacted("psql password=hunter2&x Token=abc"), "psql password=***&x Token=***");
  EXPECT_EQ(redacted("host=db password='a b&c' port=1"), "host=db password='***' port=1");
  EXPECT_EQ(redacted("PGPASSWORD=\"cut of"), "PGPASSWORD=\"***");
  EXPECT_EQ(redacted("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(redacted("the password is wrong"), "the password is wrong");
  EXPECT_EQ(redacted("x://:@"), "x://:***@");
}

std::optional<std::string> value_of(const std::string& name) {
  if (name == "subject") return "a \"b\"\nc & <d>";
  if (name == "verdict") return "ok";
  return std::nullopt;
}

TEST(Template, EscapesByContentType) {
  const std::string pattern = "{\"t\": \"{{ subject }}\", \"v\": \"{{verdict}}\"}";
  EXPECT_EQ(fill_template(pattern, escape_for("application/json; charset=utf-8"), value_of),
            "{\"t\": \"a \\\"b\\\"\\nc \\u0026 \\u003cd\\u003e\", \"v\": \"ok\"}");
  EXPECT_EQ(
      fill_template("s={{subject}}", escape_for("application/x-www-form-urlencoded"), value_of),
      "s=a%20%22b%22%0Ac%20%26%20%3Cd%3E");
  EXPECT_EQ(fill_template("<p>{{subject}}</p>", escape_for("text/html"), value_of),
            "<p>a &quot;b&quot;\nc &amp; &lt;d&gt;</p>");
  EXPECT_EQ(fill_template("{{verdict}} {{", escape_for("text/plain"), value_of), "ok {{");
}

TEST(Template, RefusesANameThatNothingFills) {
  try {
    fill_template("{{sbject}}", Escape::json, value_of);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("sbject"));
    EXPECT_THAT(render(*error.hint(), Language::en), HasSubstr("subject"));
  }
}

}  // namespace
}  // namespace hikae::notify
