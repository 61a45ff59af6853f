// SPDX-License-Identifier: Apache-2.0
// Each kind of mistake: where it is reported, as what, and what is suggested.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/load.h"
#include "unit/policy_file/policy_texts.h"

namespace hikae::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::small_policy;

std::vector<PolicyProblem> problems_of(const std::string& yaml) {
  try {
    parse_policy(yaml, "policy.yaml");
  } catch (const PolicyError& error) {
    return error.problems();
  }
  return {};
}

// What the seventh and later lines say after a policy that is otherwise right.
struct Mistake {
  const char* name;
  std::string more;
  Place place;
  const char* message;  // part of it, in English
  const char* hint;     // part of it
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

std::string name_of(const ::testing::TestParamInfo<Mistake>& instance) {
  return instance.param.name;
}

class Mistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreReportedWithTheirPlaceAndAHint) {
  const Mistake& mistake = GetParam();
  const auto problems = problems_of(small_policy(mistake.more));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].place.line, mistake.place.line);
  EXPECT_EQ(problems[0].place.column, mistake.place.column);
  EXPECT_THAT(render(problems[0].message, Language::en), HasSubstr(mistake.message));
  const std::string hint =
      problems[0].hint ? render(*problems[0].hint, Language::en) : std::string();
  EXPECT_THAT(hint, HasSubstr(mistake.hint));
  for (const Language language : {Language::en, Language::ja}) {
    EXPECT_THAT(render(problems[0].message, language), Not(HasSubstr("policy.")));
    if (!problems[0].hint) continue;
    EXPECT_THAT(render(*problems[0].hint, language), Not(HasSubstr("policy.value")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys,
    Mistakes,
    ::testing::Values(
        Mistake{"UnknownKey",
                "retentoin: {daily: 3}\n",
                {7, 1},
                "unknown key \"retentoin\"",
                "Did you mean \"retention\"?"},
        Mistake{"UnknownKeyInside",
                "retry:\n  attempt: 3\n",
                {8, 3},
                "unknown key \"attempt\"",
                "Did you mean \"attempts\"?"},
        Mistake{"KeyOfAnotherTool",
                "retention: {keep_daily: 3, last: 1}\n",
                {7, 13},
                "unknown key \"keep_daily\"",
                "\"daily\""},
        Mistake{"KeyLikeNone", "retry: {zzzzzz: 1}\n", {7, 9}, "zzzzzz", "attempts, wait"},
        Mistake{"DuplicateKey",
                "retry: {wait: 1m}\nretry: {wait: 2m}\n",
                {8, 1},
                "\"retry\" stands here a second time",
                "line 7"},
        Mistake{"DuplicateOfTheTop", "name: other\n", {7, 1}, "second time", "line 2"},
        Mistake{
            "DuplicateInside", "retry: {wait: 1m, wait: 2m}\n", {7, 19}, "second time", "line 7"},
        Mistake{"MergeKey", "retry: {<<: 1}\n", {7, 9}, "unknown key \"<<\"", "attempts"},
        Mistake{"MissingKey",
                "notify:\n  email: {from: a@b}\n",
                {8, 3},
                "\"notify.email.to\" is missing",
                "to: [it-team@company.local]"},
        Mistake{"ListAsKey", "? [a]\n: b\n", {7, 3}, "plain word", ""}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Shapes,
    Mistakes,
    ::testing::Values(
        Mistake{"ScalarForSection",
                "retry: 3\n",
                {7, 8},
                "\"retry\" must be a group of keys",
                "attempts, wait"},
        Mistake{"NothingForSection", "retry:\n", {7, 1}, "\"retry\" must be a group", "wait"},
        Mistake{"ListForSection", "retry: [3]\n", {7, 8}, "must be a group", "wait"},
        Mistake{"ScalarForList",
                "hooks: {before: /bin/true}\n",
                {7, 17},
                "\"before\" must be a list",
                "before: ["},
        Mistake{"EmptyList", "hooks: {before: []}\n", {7, 17}, "\"before\" is empty", "before: ["},
        Mistake{"ListForScalar",
                "retry: {wait: [1m]}\n",
                {7, 15},
                "\"wait\" must be a single value",
                "wait: 10m"},
        Mistake{"NoValue", "retry: {wait: }\n", {7, 9}, "\"wait\" has no value", "wait: 10m"},
        Mistake{"RepeatedElement", "hooks: {before: [a, a]}\n", {7, 21}, "twice", ""},
        Mistake{"PlainSecret",
                "notify: {slack: {webhook: hunter2}}\n",
                {7, 27},
                "holds the secret itself",
                "webhook: {file: /etc/hikae/webhook}"},
        Mistake{"SecretInTwoForms",
                "notify: {ping: {file: /a, env: B}}\n",
                {7, 10},
                "only one of: file, env",
                ""},
        Mistake{"SecretInNoForm",
                "notify: {ping: {}}\n",
                {7, 10},
                "lacks one of: file, env",
                "file: /etc"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Values,
    Mistakes,
    ::testing::Values(
        Mistake{"Number",
                "retry: {attempts: many}\n",
                {7, 19},
                "\"many\" is not a whole number",
                "attempts: 3"},
        Mistake{"NumberTooSmall", "retry: {attempts: 0}\n", {7, 19}, "from 1 to 100", ""},
        Mistake{"NumberWithFraction", "retry: {attempts: 1e3}\n", {7, 19}, "\"1e3\"", ""},
        Mistake{
            "Duration", "retry: {wait: 10}\n", {7, 15}, "\"10\" is not a length of time", "10m"},
        Mistake{"Period", "evidence: {keep: 3m}\n", {7, 18}, "\"3m\" is not a period", "3y"},
        Mistake{"Span", "retention: {within: soon}\n", {7, 21}, "\"soon\" is not a span", "14d"},
        Mistake{
            "Count", "retention: {daily: three}\n", {7, 20}, "\"three\" is not a number", "all"},
        Mistake{"Size", "limits: {memory: lots}\n", {7, 18}, "\"lots\" is not a size", "500M"},
        Mistake{"Percent", "anomaly: {max_shrink: -3}\n", {7, 23}, "\"-3\"", "30%"},
        Mistake{"Boolean",
                "retention: {daily: 1, overlap: 7}\n",
                {7, 32},
                "\"7\" is neither true nor false",
                "Write true or false"},
        Mistake{"Word", "language: jp\n", {7, 11}, "\"jp\" is none of: en, ja", "\"ja\""},
        Mistake{"EventWord",
                "notify: {email: {to: [root], on: [succes]}}\n",
                {7, 35},
                "\"succes\" is none of",
                "\"success\""},
        Mistake{"RelativePath",
                "documents: {write_to: doc}\n",
                {7, 23},
                "\"doc\" is not an absolute path",
                "\"/\""},
        Mistake{"Email", "notify: {email: {to: ['a b@c']}}\n", {7, 23}, "not a mail address", "@"},
        Mistake{"Schedule", "schedule: {backup: dayly 02:00}\n", {7, 20}, "dayly", "daily 02:00"},
        Mistake{
            "Control", "review: {owner: \"a\\u0000b\"}\n", {7, 17}, "control character", "owner"},
        Mistake{"LineBreak", "review: {owner: \"a\\nb\"}\n", {7, 17}, "line break", "owner"},
        Mistake{"Empty", "review: {owner: ''}\n", {7, 17}, "\"owner\" has no value", "owner"},
        Mistake{
            "RetentionOfNothing", "retention: {daily: 0}\n", {7, 1}, "keeps anything", "daily"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Yaml,
    Mistakes,
    ::testing::Values(
        Mistake{"Tab", "retry:\n\tattempts: 3\n", {8, 1}, "a tab indents this line", "spaces"},
        Mistake{"OpenQuote", "review: {owner: \"cut", {7, 17}, "never closed", "cut off"},
        Mistake{"Syntax", "retry: wait: 10m\n", {7, 12}, "not valid YAML", "indentation"},
        Mistake{"UnknownAnchor", "retry: *gone\n", {7, 8}, "not valid YAML", "*"},
        Mistake{"SecondDocument", "---\nname: b\n", {7, 1}, "second document", ""},
        Mistake{"Tag", "retry: {wait: !!binary 10m}\n", {7, 15}, "tag", ""},
        Mistake{"NotUtf8", "review: {owner: \xff}\n", {7, 17}, "UTF-8", "UTF-8"},
        Mistake{"Nul", std::string("review: {owner: a\0b}\n", 21), {7, 18}, "control", "UTF-8"},
        Mistake{"ColumnsAreCharacters", "hooks: {before: [控え, 控え]}\n", {7, 22}, "twice", ""}),
    name_of);

// Mistakes in what small_policy() already gives.
TEST(MistakesInPlaces, NamesPathsAndLocations) {
  const auto problems = problems_of(
      "version: 2\n"
      "name: Internal Systems\n"
      "timezone: Asia/Tokio\n"
      "sources:\n"
      "  日本: {files: [/a]}\n"
      "  two: {files: [/a], docker_volume: {name: v}}\n"
      "  none: {exclude: [a]}\n"
      "  relative: {files: [srv]}\n"
      "  nothing:\n"
      "destinations:\n"
      "  nas: {url: nas/backup}\n"
      "  web: {url: 'rest:https://user:hunter2@host/'}\n"
      "  void: {connections: 5}\n"
      "encryption: {password: hunter2}\n");
  std::string shown = render_problems(PolicyError("p.yaml", problems), Language::en);
  const std::vector<const char*> expected = {
      "p.yaml:1:10: this program cannot read policies of version \"2\"",
      "p.yaml:2:7: \"Internal Systems\" is not a valid name",
      "p.yaml:3:11: there is no time zone \"Asia/Tokio\"\n    Did you mean \"Asia/Tokyo\"?",
      "p.yaml:5:3: \"日本\" is not a valid name",
      "p.yaml:6:3: \"sources.two\" may have only one of: files, postgres",
      "p.yaml:7:3: \"sources.none\" lacks one of: files",
      "p.yaml:8:22: \"srv\" is not an absolute path",
      "p.yaml:9:3: \"sources.nothing\" must be a group of keys",
      "p.yaml:11:14: \"nas/backup\" is not the location of a repository",
      "p.yaml:12:14: this url contains a password",
      "p.yaml:13:3: the key \"destinations.void.url\" is missing",
      "p.yaml:14:24: \"encryption.password\" holds the secret itself",
  };
  ASSERT_EQ(problems.size(), expected.size()) << shown;
  std::size_t at = 0;
  for (const char* line : expected) {
    const std::size_t found = shown.find(line, at);
    EXPECT_NE(found, std::string::npos) << line << "\nin\n" << shown;
    if (found != std::string::npos) at = found;
  }
  EXPECT_THAT(shown, Not(HasSubstr("hunter2"))) << "a secret is never repeated";
}

TEST(MistakesInPlaces, SourcesAndDestinationsAreNeeded) {
  const auto problems = problems_of(
      "version: 1\nname: a\ntimezone: UTC\nsources: {}\ndestinations:\n"
      "encryption: {password: {file: /p}}\n");
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].place, (Place{4, 1}));
  EXPECT_EQ(problems[1].place, (Place{5, 1}));
  EXPECT_EQ(problems[0].message, text("policy.no_names", {{"key", "sources"}}));
}

TEST(MistakesInPlaces, TwoNamesForOneRepositoryAreRefused) {
  const auto problems = problems_of(
      "version: 1\nname: a\ntimezone: UTC\nsources: {a: {files: [/a]}}\n"
      "destinations:\n  one: {url: /mnt/x}\n  two: {url: /mnt/x}\n"
      "encryption: {password: {file: /p}}\n");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].place, (Place{7, 9}));
}

TEST(MistakesInPlaces, AMisspeltRequiredKeyIsOneMistake) {
  const auto problems = problems_of(
      "version: 1\nname: a\ntime_zone: UTC\nsources: {a: {files: [/a]}}\n"
      "destinations: {one: {url: /mnt/x}}\nencryption: {password: {file: /p}}\n");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(*problems[0].hint, text("policy.did_you_mean", {{"word", "timezone"}}));
}

TEST(PolicyErrorTest, ReadsAsItsFirstMistake) {
  try {
    parse_policy(small_policy("retentoin: {daily: 3}\nretry: 7\n"), "/etc/hikae/policy.yaml");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_EQ(render(error, Language::en), "/etc/hikae/policy.yaml:7:1: unknown key \"retentoin\"");
    ASSERT_TRUE(error.hint());
    EXPECT_EQ(render(*error.hint(), Language::ja), "「retention」の間違いではありませんか。");
  }
}

TEST(PolicyErrorTest, ListsOnlySoManyMistakes) {
  std::string more;
  for (int i = 0; i < 500; ++i) more += "zz" + std::to_string(i) + ": 1\n";
  const auto problems = problems_of(small_policy(more));
  EXPECT_EQ(problems.size(), 101U);
  EXPECT_EQ(problems.back().message.key, "policy.too_many_problems");
}

}  // namespace
}  // namespace hikae::policy
