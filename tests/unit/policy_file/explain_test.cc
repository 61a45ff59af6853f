// SPDX-License-Identifier: Apache-2.0
#include "policy/explain.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "policy/load.h"
#include "unit/policy_file/policy_texts.h"

namespace hikae::policy {
namespace {

using testing::example_policy;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::small_policy;

std::string explained(const std::string& yaml, Language language = Language::en) {
  return render_explanation(parse_policy(yaml, "policy.yaml"), language);
}

std::string line_at(const std::string& yaml, int number) {
  std::istringstream lines(yaml);
  std::string line;
  for (int i = 0; i < number; ++i) std::getline(lines, line);
  return line;
}

TEST(Explain, SaysWhatTheCompanysPolicyMeans) {
  const std::string text = explained(example_policy());
  const Policy policy = parse_policy(example_policy(), "policy.yaml");
  const std::string line = std::to_string(place_of(policy, "retention").line);
  EXPECT_THAT(text, HasSubstr("3 daily + 4 weekly = 7 generations"));
  EXPECT_THAT(text, HasSubstr("is not counted again. (line " + line + ")"));
  EXPECT_THAT(text, HasSubstr("fileshare: the files under /srv/fileshare are backed up."));
  EXPECT_THAT(text, HasSubstr("Backup: daily 02:00."));
  EXPECT_THAT(text, HasSubstr("tried 3 times in all, 10 min apart, until 6 h after its time."));
  EXPECT_THAT(text, HasSubstr("lies in the file /etc/hikae/password."));
  EXPECT_THAT(text, HasSubstr("Mail to it-team@company.local after: success, failure."));
  EXPECT_THAT(text, HasSubstr("Slack is told after: failure after all retries, recovery."));
  EXPECT_THAT(text, HasSubstr("in all 2 destinations"));
}

TEST(Explain, SaysOnlyOfDockerThatItCannotBeBackedUpYet) {
  const std::string text = explained(example_policy());
  EXPECT_THAT(text, Not(HasSubstr("  database: this version cannot back up")));
  EXPECT_THAT(text, HasSubstr("app-volume: this version cannot back up"));
  EXPECT_THAT(text, HasSubstr("app-database: this version cannot back up"));
}

TEST(Explain, SaysItInJapanese) {
  const std::string text = explained(example_policy(), Language::ja);
  EXPECT_THAT(text, HasSubstr("日次 3 + 週次 4 = 7 世代"));
  EXPECT_THAT(text, HasSubstr("fileshare: /srv/fileshare 以下のファイルをバックアップします。"));
  EXPECT_THAT(text, HasSubstr("10 分間隔で最大 3 回"));
  EXPECT_THAT(text, HasSubstr("成功、失敗"));
}

TEST(Explain, EverySentenceIsWholeInBothLanguages) {
  const std::string full =
      testing::read_file(testing::source_file("tests/unit/policy_file/every-key.yaml"));
  for (const std::string& yaml : {example_policy(), full, small_policy()}) {
    for (const Language language : {Language::en, Language::ja}) {
      const std::string text = explained(yaml, language);
      EXPECT_THAT(text, Not(HasSubstr("policy."))) << "a text is missing";
      EXPECT_THAT(text, Not(HasSubstr("{"))) << "a value is missing";
    }
  }
}

TEST(Explain, EachSentenceLeadsToItsLine) {
  const std::string yaml = example_policy();
  const Policy policy = parse_policy(yaml, "policy.yaml");
  int placed = 0;
  for (const Explanation& sentence : explain(policy, Language::en)) {
    EXPECT_EQ(sentence.place, place_of(policy, sentence.path)) << sentence.path;
    if (sentence.place.line == 0) continue;
    ++placed;
    const std::string key = sentence.path.substr(sentence.path.rfind('.') + 1);
    const auto column = static_cast<std::size_t>(sentence.place.column - 1);
    EXPECT_EQ(line_at(yaml, sentence.place.line).substr(column, key.size()), key);
  }
  EXPECT_GT(placed, 20);
}

TEST(Explain, OverlapIsNotASum) {
  const std::string text =
      explained(small_policy("retention: {daily: 3, weekly: 4, overlap: true}\n"));
  EXPECT_THAT(text, HasSubstr("3 daily + 4 weekly, at most 7 generations."));
  EXPECT_THAT(text, HasSubstr("may serve several rules"));
}

TEST(Explain, WarnsOfWhatIsMissing) {
  const std::string text = explained(small_policy());
  EXPECT_THAT(text, HasSubstr("Nothing is ever deleted"));
  EXPECT_THAT(text, HasSubstr("Nobody is told of a failure."));
  EXPECT_THAT(text, HasSubstr("in one place only"));
  EXPECT_THAT(text, HasSubstr("Backup: no time is set"));
}

TEST(Explain, NamesOtherRulesForSourcesAndDestinations) {
  const std::string text =
      explained(testing::read_file(testing::source_file("tests/unit/policy_file/every-key.yaml")));
  EXPECT_THAT(text, HasSubstr("In nas other rules hold:"));
  EXPECT_THAT(text, HasSubstr("For share other rules hold, in every destination:"));
  EXPECT_THAT(text, HasSubstr("48 hourly = 48 generations"));
  EXPECT_THAT(text, HasSubstr("nas: this machine never deletes anything there."));
}

TEST(Explain, SaysWhoIsToldWhatAndHowOften) {
  const std::string text =
      explained(testing::read_file(testing::source_file("tests/unit/policy_file/every-key.yaml")));
  EXPECT_THAT(text, HasSubstr("The sender of mails is backup@company.local."));
  EXPECT_THAT(text, HasSubstr("smtp.local, port 465, encrypted from the first byte."));
  EXPECT_THAT(text, HasSubstr("as backup; the password lies in the file /etc/hikae/smtp."));
  EXPECT_THAT(text, HasSubstr("What the webhook gets: that it happened and the verdict"));
  EXPECT_THAT(text, HasSubstr("a text of this policy's own, as text/plain."));
  EXPECT_THAT(text, HasSubstr("is signed; the key lies in the file /etc/hikae/hook-key."));
  EXPECT_THAT(text, HasSubstr("Subjects begin with \"Good\" or \"Bad\"."));
  EXPECT_THAT(text, HasSubstr("after 2 h is told again, by mail."));
  EXPECT_THAT(text, HasSubstr("gets 5 messages an hour at most"));
  EXPECT_THAT(text, HasSubstr("nas: people are told when less than 50G of it is free."));
  EXPECT_THAT(text, Not(HasSubstr("s3: people are told")));
  EXPECT_THAT(text, HasSubstr("When more than 20 % of a destination lies unused"));
}

TEST(Explain, SaysWhatTheDefaultsOfNotificationAre) {
  const std::string text = explained(example_policy());
  EXPECT_THAT(text, HasSubstr("after 4 h is told again, by Slack. (default)"));
  EXPECT_THAT(text, HasSubstr("When more than 10 % of a destination lies unused"));
}

TEST(Explain, JsonIsOneArrayOfSentences) {
  const Policy policy = parse_policy(example_policy(), "policy.yaml");
  const std::string json = explanation_json(policy, Language::en);
  simdjson::dom::parser parser;
  const simdjson::dom::array sentences = parser.parse(json).get_array();
  EXPECT_EQ(sentences.size(), explain(policy, Language::en).size());
  EXPECT_EQ(sentences.at(0)["topic"].get_string().value(), "general");
  EXPECT_EQ(sentences.at(0)["path"].get_string().value(), "name");
  EXPECT_EQ(sentences.at(0)["line"].get_int64().value(), place_of(policy, "name").line);
}

}  // namespace
}  // namespace hikae::policy
