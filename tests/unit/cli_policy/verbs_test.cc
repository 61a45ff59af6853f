// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cmd_policy.h"
#include "policy/load.h"
#include "support/service_environment.h"

namespace hikae::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHead = "version: 1\nname: kit\ntimezone: Asia/Tokyo\n";
constexpr const char* kPassword = "encryption:\n  password: {file: /etc/hikae/password}\n";
constexpr const char* kGood =
    "sources:\n"
    "  fileshare: {files: [/srv/fileshare]}\n"
    "  config: {files: [/etc], retention: {daily: 2}}\n"
    "destinations:\n"
    "  nas: {url: /mnt/nas/hikae, require_mount: true}\n"
    "  second: {url: /backup/second}\n"
    "schedule: {backup: daily 02:00, check: weekly}\n"
    "retention: {daily: 3, weekly: 4}\n";

// Runs verbs of the policy on 2026-11-23 at 12:00 in Tokyo.
class PolicyVerbs : public ::testing::Test {
 protected:
  std::string write(const std::string& body) {
    const std::string path = machine_.folder / "policy.yaml";
    hikae::testing::write_file(path, kHead + body + kPassword);
    return path;
  }

  int run(std::vector<const char*> words) {
    Console console(language_, Colour::none);
    const Environment environment = machine_.environment();
    const Session session{console, environment, options_, StopToken()};
    const auto root = CommandLine::make(text("cli.description"), "hikae test", language_);
    add_policy(*root, session);
    words.insert(words.begin(), {"hikae", "policy"});
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    int code = 1;
    std::optional<Error> failure;
    try {
      code = root->run(static_cast<int>(words.size()), words.data());
    } catch (const Error& error) {
      failure = error;
    }
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    if (failure) throw Error(*failure);
    return code;
  }

  LoadedPolicy load(const std::string& body) {
    options_.policy_file = write(body);
    Console console(language_, Colour::none);
    const Environment environment = machine_.environment();
    return load_policy_file(Session{console, environment, options_, StopToken()}, "");
  }

  std::vector<PolicyFinding> review(const std::string& body) {
    const LoadedPolicy loaded = load(body);
    return review_policy(loaded, machine_.environment());
  }

  hikae::testing::ServiceMachine machine_;
  GlobalOptions options_;
  Language language_ = Language::en;
  std::string out_;
  std::string err_;
};

auto finds(const std::string& key) {
  return Contains(Field(&PolicyFinding::message, Field(&Text::key, key)));
}

TEST_F(PolicyVerbs, CheckTellsTimesAndGenerationsOfAGoodPolicy) {
  const std::string file = write(kGood);
  EXPECT_EQ(run({"check", file.c_str()}), 0);
  EXPECT_THAT(out_, HasSubstr("the policy is good"));
  EXPECT_THAT(out_,
              HasSubstr("backup (daily 02:00)\n    Tue 2026-11-24 02:00\n    Wed 2026-11-25 "
                        "02:00\n    Thu 2026-11-26 02:00\n"));
  EXPECT_THAT(out_, HasSubstr("check (weekly)\n    Sun 2026-11-29 04:00\n"));
  EXPECT_THAT(out_, HasSubstr("fileshare  all           daily 3, weekly 4            7\n"));
  EXPECT_THAT(out_, HasSubstr("config     all           daily 2                      2\n"));
}

TEST_F(PolicyVerbs, CheckSpeaksJapanese) {
  language_ = Language::ja;
  const std::string file = write(kGood);
  EXPECT_EQ(run({"check", file.c_str()}), 0);
  EXPECT_THAT(out_, HasSubstr("ポリシーに誤りはありません"));
  EXPECT_THAT(out_, HasSubstr("2026-11-24(火) 02:00"));
}

TEST_F(PolicyVerbs, CheckNamesEveryMistakeWithItsPlace) {
  const std::string file =
      write(std::string(kGood) + "retentoin: {daily: 3}\nretry: {wait: 10x}\n");
  EXPECT_EQ(run({"check", file.c_str()}), 1);
  EXPECT_THAT(err_, HasSubstr(file + ":12:1: unknown key \"retentoin\""));
  EXPECT_THAT(err_, HasSubstr("Did you mean \"retention\"?"));
  EXPECT_THAT(err_, HasSubstr(file + ":13:15: "));
  EXPECT_THAT(err_, HasSubstr("mistakes: 2"));
  options_.json = true;
  EXPECT_EQ(run({"check", file.c_str()}), 1);
  EXPECT_THAT(out_, AllOf(HasSubstr("\"good\":false"), HasSubstr("\"line\":12,\"column\":1")));
}

TEST_F(PolicyVerbs, CheckJsonGivesTimesWithTheirOffset) {
  options_.json = true;
  const std::string file = write(kGood);
  EXPECT_EQ(run({"check", file.c_str()}), 0);
  EXPECT_THAT(out_,
              HasSubstr("\"next\":[\"2026-11-24T02:00:00+09:00\",\"2026-11-25T02:00:00+09:00\","
                        "\"2026-11-26T02:00:00+09:00\"]"));
  EXPECT_THAT(out_, HasSubstr("\"destinations\":[\"nas\",\"second\"],\"generations\":7"));
}

TEST_F(PolicyVerbs, TheFileIsThatOfThePolicyOptionUnlessGiven) {
  options_.policy_file = write(kGood);
  EXPECT_EQ(run({"show"}), 0);
  EXPECT_THAT(out_, HasSubstr("name: kit"));
  EXPECT_THROW(run({"show", "/nowhere/policy.yaml"}), Error);
}

TEST_F(PolicyVerbs, ReviewFindsWhatAGoodPolicyLacks) {
  const auto findings = review(
      "sources:\n  data: {files: [/srv/data]}\n  db: {docker_volume: {name: v}}\n"
      "destinations: {here: {url: /srv/data/backup}}\ndocuments: {write_to: /srv/documents}\n"
      "notify: {webhook: {webhook: {file: /w}, body: '{{nonsense}}'}}\n");
  EXPECT_THAT(findings, finds("notify.unknown_name"));
  EXPECT_THAT(findings, finds("cli_policy.one_destination"));
  EXPECT_THAT(findings, finds("cli_policy.all_on_this_machine"));
  EXPECT_THAT(findings, finds("cli_policy.inside_source"));
  EXPECT_THAT(findings, finds("cli_policy.kind_not_yet"));
  EXPECT_THAT(findings, finds("cli_policy.no_schedule"));
  EXPECT_THAT(findings, finds("cli_policy.no_retention"));
  EXPECT_THAT(findings, finds("cli_policy.no_check"));
  EXPECT_THAT(findings, finds("cli_policy.not_carried_out"));
}

TEST_F(PolicyVerbs, ReviewIsSilentWhereNothingIsWrong) {
  const auto findings = review(kGood);
  for (const char* key : {"cli_policy.one_destination",
                          "cli_policy.all_on_this_machine",
                          "cli_policy.inside_source",
                          "cli_policy.no_require_mount",
                          "cli_policy.kind_not_yet",
                          "cli_policy.no_schedule",
                          "cli_policy.no_retention",
                          "cli_policy.not_carried_out"}) {
    EXPECT_THAT(findings, Not(finds(key)));
  }
}

TEST_F(PolicyVerbs, KeysOfS3AreForS3) {
  const std::string source = "sources: {data: {files: [/srv/data]}}\n";
  const auto here = review(source +
                           "destinations:\n"
                           "  here: {url: /backup/repo, storage_class: STANDARD_IA}\n");
  EXPECT_THAT(here, finds("cli_policy.key_of_s3"));
  const auto unused = review(source + "destinations: {s3: {url: s3://b/x, kms_key_id: k}}\n");
  EXPECT_THAT(unused, Not(finds("cli_policy.key_of_s3")));
  EXPECT_THAT(unused, finds("cli_policy.kms_key_unused"));
  const auto right = review(source +
                            "destinations:\n"
                            "  s3: {url: s3://b/x, server_side_encryption: aws:kms,"
                            " kms_key_id: k, object_lock: {keep: 30d}}\n");
  EXPECT_THAT(right, Not(finds("cli_policy.key_of_s3")));
  EXPECT_THAT(right, Not(finds("cli_policy.kms_key_unused")));
}

TEST_F(PolicyVerbs, AFolderThatIsExcludedMayHoldTheRepository) {
  const std::string rest = "destinations: {here: {url: /srv/data/backup/repo}}\n";
  EXPECT_THAT(review("sources: {data: {files: [/srv/data], exclude: [/srv/data/backup]}}\n" + rest),
              Not(finds("cli_policy.inside_source")));
  EXPECT_THAT(review("sources: {data: {files: [/srv/dat]}}\n" + rest),
              Not(finds("cli_policy.inside_source")));
}

TEST_F(PolicyVerbs, GroupsWhatIsKeptAlike) {
  const LoadedPolicy loaded = load(kGood);
  const auto groups = kept_alike(loaded.policy, "", "");
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_THAT(groups[0].sources, ElementsAre("fileshare"));
  EXPECT_THAT(groups[1].sources, ElementsAre("config"));
  EXPECT_THAT(groups[1].destinations, ElementsAre("nas", "second"));
  EXPECT_THAT(kept_alike(loaded.policy, "config", "nas").at(0).destinations, ElementsAre("nas"));
  EXPECT_THROW(kept_alike(loaded.policy, "confg", ""), Error);
  EXPECT_THROW(kept_alike(loaded.policy, "", "tape"), Error);
}

std::optional<std::size_t> held(const policy::RetentionRules& rules, const std::string& schedule) {
  const KeptAlike group{{"a"}, {"b"}, schedule, rules};
  return generations_held(
      group, policy::TimeZone::named("Asia/Tokyo"), Instant(std::chrono::seconds(1'795'402'800)));
}

TEST(GenerationsHeld, AdditiveRulesAddUp) {
  policy::RetentionRules rules;
  rules.daily = 3;
  rules.weekly = 4;
  EXPECT_EQ(held(rules, "daily 02:00"), 7U);
  rules.minimum = 10;
  EXPECT_EQ(held(rules, "daily 02:00"), 10U);
}

TEST(GenerationsHeld, OverlappingRulesShareGenerations) {
  policy::RetentionRules rules;
  rules.overlap = policy::Overlap::overlapping;
  rules.daily = 7;
  rules.weekly = 4;
  // The newest of this and of the last week are daily ones already, at best but one of them.
  EXPECT_EQ(held(rules, "daily 02:00"), 10U);
}

TEST(GenerationsHeld, SpansCountBySchedule) {
  policy::RetentionRules rules;
  rules.within = policy::parse_calendar_span("10d");
  EXPECT_EQ(held(rules, "daily 02:00"), 10U);
  EXPECT_EQ(held(rules, "0 */12 * * *"), 20U);
}

TEST(GenerationsHeld, YearsOfAnHourlyScheduleAreCountedInFull) {
  policy::RetentionRules rules;
  rules.overlap = policy::Overlap::overlapping;
  rules.hourly = 24;
  rules.yearly = 10;
  EXPECT_EQ(held(rules, "hourly"), 33U);
}

TEST(GenerationsHeld, NoRulesOrEndlessOnesHaveNoLimit) {
  EXPECT_EQ(held({}, "daily 02:00"), std::nullopt);
  policy::RetentionRules rules;
  rules.monthly = -1;
  EXPECT_EQ(held(rules, "daily 02:00"), std::nullopt);
}

TEST_F(PolicyVerbs, SimulatePrintsOneLinePerDay) {
  const std::string file = write(kGood);
  EXPECT_EQ(run({"simulate",
                 file.c_str(),
                 "--source",
                 "fileshare",
                 "--days",
                 "10",
                 "--start",
                 "2026-12-28",
                 "--missed",
                 "2",
                 "--failed",
                 "2026-12-30..4"}),
            0);
  EXPECT_THAT(out_, HasSubstr(" 2  Tue 2026-12-29  missed            1"));
  EXPECT_THAT(out_, HasSubstr(" 3  Wed 2026-12-30  FAILED            1"));
  EXPECT_THAT(out_, HasSubstr(" 4  Thu 2026-12-31  FAILED            1           12-28\n"));
  EXPECT_THAT(out_, HasSubstr(" 5  Fri 2027-01-01  ok                2           01-01 12-28\n"));
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 1 + 1 + 10 + 1);
  EXPECT_THAT(out_, Not(HasSubstr("config")));
}

TEST_F(PolicyVerbs, SimulateJsonHoldsTheRules) {
  options_.json = true;
  options_.destination = "nas";
  const std::string file = write(kGood);
  EXPECT_EQ(run({"simulate", file.c_str(), "--source", "config", "--days", "1"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"destinations\":[\"nas\"]"));
  EXPECT_THAT(out_,
              HasSubstr("{\"day\":\"2026-11-23\",\"outcome\":\"good\",\"count\":1,\"generations\":"
                        "[{\"time\":\"2026-11-23T02:00:00+09:00\",\"rules\":[\"daily snapshot\"]}],"
                        "\"removed\":[]}"));
}

TEST_F(PolicyVerbs, SimulateRefusesDaysThatAreNone) {
  const std::string file = write(kGood);
  for (const char* day : {"2026-02-30", "61", "0", "x", "5..4", "5..", "2026-11-22", "-1", ""}) {
    EXPECT_THROW(run({"simulate", file.c_str(), "--missed", day}), Error) << day;
  }
  EXPECT_THROW(run({"simulate", file.c_str(), "--start", "5"}), Error);
  EXPECT_THROW(run({"simulate", file.c_str(), "--days", "0"}), Error);
}

TEST_F(PolicyVerbs, SchemaAndExplanationArePrinted) {
  const std::string file = write(kGood);
  EXPECT_EQ(run({"schema"}), 0);
  EXPECT_THAT(out_, HasSubstr("https://json-schema.org/draft/2020-12/schema"));
  EXPECT_EQ(run({"explain", file.c_str()}), 0);
  EXPECT_THAT(out_, HasSubstr("(line 5)"));
}

}  // namespace
}  // namespace hikae::cli
