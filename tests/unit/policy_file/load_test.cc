// SPDX-License-Identifier: Apache-2.0
#include "policy/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/policy_file/policy_texts.h"

namespace hikae::policy {
namespace {

using ::testing::ElementsAre;
using testing::example_policy;
using testing::small_policy;

Policy small(const std::string& more = "") {
  return parse_policy(small_policy(more), "policy.yaml");
}

TEST(LoadPolicy, TheCompanysPolicyIsUnderstoodAsWritten) {
  const Policy policy = parse_policy(example_policy(), "company-policy.yaml");
  EXPECT_EQ(policy.name, "internal-systems");
  EXPECT_EQ(policy.language, Language::ja);
  EXPECT_EQ(policy.timezone, "Asia/Tokyo");
  EXPECT_EQ(policy.encryption.password,
            (SecretReference{SecretReference::Kind::file, "/etc/hikae/password"}));
  EXPECT_EQ(policy.encryption.keys, KeySharing::shared);
  EXPECT_EQ(policy.schedule.backup, "daily 02:00");
  EXPECT_EQ(policy.schedule.check, "weekly");
  EXPECT_EQ(policy.schedule.drill, "monthly");
  EXPECT_EQ(policy.schedule.review, "yearly");
  ASSERT_TRUE(policy.retention);
  RetentionRules rules;
  rules.daily = 3;
  rules.weekly = 4;
  EXPECT_EQ(*policy.retention, rules);
  EXPECT_EQ(policy.retry, (RetryRule{3, std::chrono::minutes(10)}));
}

TEST(LoadPolicy, TheCompanysSourcesKeepTheirOrderAndKinds) {
  const Policy policy = parse_policy(example_policy(), "company-policy.yaml");
  ASSERT_EQ(policy.sources.size(), 5U);
  EXPECT_EQ(policy.sources[0].name, "fileshare");
  EXPECT_EQ(policy.sources[0].kind(), SourceKind::files);
  EXPECT_THAT(policy.sources[0].files, ElementsAre("/srv/fileshare"));
  EXPECT_TRUE(policy.sources[0].exclude.empty());
  EXPECT_EQ(policy.sources[1].name, "config");
  EXPECT_EQ(policy.sources[2].kind(), SourceKind::postgres);
  EXPECT_EQ(policy.sources[2].postgres->run_as, "postgres");
  EXPECT_THAT(policy.sources[2].postgres->databases, ElementsAre("all"));
  EXPECT_THAT(policy.sources[2].postgres->method,
              ElementsAre(PostgresMethod::logical, PostgresMethod::physical));
  EXPECT_EQ(policy.sources[3].kind(), SourceKind::docker_volume);
  EXPECT_EQ(policy.sources[3].docker_volume->quiesce, Quiesce::pause);
  EXPECT_EQ(policy.sources[4].kind(), SourceKind::docker_postgres);
  EXPECT_EQ(policy.sources[4].docker_postgres->container, "postgres");
}

TEST(LoadPolicy, TheCompanysDestinationsAndNoticesAreKept) {
  const Policy policy = parse_policy(example_policy(), "company-policy.yaml");
  ASSERT_EQ(policy.destinations.size(), 2U);
  EXPECT_EQ(policy.destinations[0].url, "sftp://backupuser@backup01/backup/hikae");
  EXPECT_EQ(policy.destinations[1].server_side_encryption, ServerSideEncryption::aes256);
  EXPECT_TRUE(policy.destinations[1].may_delete);
  ASSERT_TRUE(policy.notify.email);
  EXPECT_THAT(policy.notify.email->to, ElementsAre("it-team@company.local"));
  EXPECT_THAT(policy.notify.email->on, ElementsAre(NotifyEvent::success, NotifyEvent::failure));
  ASSERT_TRUE(policy.notify.slack);
  EXPECT_EQ(policy.notify.slack->webhook.value, "/etc/hikae/slack");
  EXPECT_FALSE(policy.notify.webhook);
}

TEST(LoadPolicy, DefaultsHoldWhereTheFileIsSilent) {
  const Policy policy = small();
  EXPECT_EQ(policy.language, Language::en);
  EXPECT_EQ(policy.schedule, PolicySchedule{});
  EXPECT_EQ(policy.schedule.prune, "weekly");
  EXPECT_EQ(policy.schedule.window, std::chrono::hours(6));
  EXPECT_FALSE(policy.retention) << "nothing may be deleted without a rule";
  EXPECT_FALSE(policy.sources[0].one_file_system);
  EXPECT_FALSE(policy.sources[0].allow_empty);
  EXPECT_EQ(policy.notify, Notify{});
}

TEST(LoadPolicy, AScalarIsWhatItsKeyExpectsNotWhatItLooksLike) {
  const Policy policy = parse_policy(
      "version: '1'\n"
      "name: \"no\"\n"
      "timezone: Asia/Tokyo\n"
      "sources: {on: {files: [/1e3], exclude: [no, 02:00, 1e3, 0x10, ~x]}}\n"
      "destinations: {yes: {url: /mnt/off, require_mount: on}}\n"
      "encryption: {password: {env: NULLABLE}}\n"
      "schedule: {backup: daily 02:00}\n"
      "review: {owner: no}\n",
      "policy.yaml");
  EXPECT_EQ(policy.name, "no");
  EXPECT_EQ(policy.sources[0].name, "on");
  EXPECT_THAT(policy.sources[0].exclude, ElementsAre("no", "02:00", "1e3", "0x10", "~x"));
  EXPECT_EQ(policy.destinations[0].name, "yes");
  EXPECT_TRUE(policy.destinations[0].require_mount);
  EXPECT_EQ(policy.review.owner, "no");
}

TEST(LoadPolicy, BooleansTakeEachCommonSpelling) {
  for (const char* word : {"true", "yes", "on", "True", "YES", "\"on\""}) {
    const Policy policy = small("retention: {daily: 1, overlap: " + std::string(word) + "}\n");
    EXPECT_EQ(policy.retention->overlap, Overlap::overlapping) << word;
  }
  for (const char* word : {"false", "no", "off", "No"}) {
    const Policy policy = small("retention: {daily: 1, overlap: " + std::string(word) + "}\n");
    EXPECT_EQ(policy.retention->overlap, Overlap::additive) << word;
  }
}

TEST(LoadPolicy, EveryRuleOfTheRetentionIsRead) {
  const Policy policy = small(
      "retention: {last: 2, hourly: 24, daily: 7, weekly: 5, monthly: 12, yearly: all,\n"
      "  within: 1y5m7d2h, within_daily: 14d, hold: [legal, 'a,b'], minimum: 3}\n");
  const RetentionRules& rules = *policy.retention;
  EXPECT_EQ(rules.last, 2);
  EXPECT_EQ(rules.hourly, 24);
  EXPECT_EQ(rules.yearly, -1);
  EXPECT_EQ(rules.within, (CalendarSpan{1, 5, 7, 2}));
  EXPECT_EQ(rules.within_daily, (CalendarSpan{0, 0, 14, 0}));
  EXPECT_THAT(rules.hold, ElementsAre("legal", "a,b"));
  EXPECT_EQ(rules.minimum, 3);
}

TEST(LoadPolicy, PlacesLeadBackToTheFile) {
  const Policy policy = small("retention:\n  daily: 3\n");
  EXPECT_EQ(place_of(policy, "retention.daily"), (Place{8, 3}));
  EXPECT_EQ(place_of(policy, "sources.etc.files"), (Place{4, 17}));
  EXPECT_EQ(place_of(policy, "retention.weekly"), Place{});
}

TEST(LoadPolicy, AnchorsMayShareRules) {
  const Policy policy = parse_policy(
      "version: 1\n"
      "name: shared\n"
      "timezone: UTC\n"
      "retention: &rules {daily: 3}\n"
      "sources: {etc: {files: [/etc], retention: *rules}}\n"
      "destinations: {disk: {url: /mnt/backup}}\n"
      "encryption: {password: {file: /p}}\n",
      "policy.yaml");
  EXPECT_EQ(policy.sources[0].retention, policy.retention);
}

TEST(RetentionFor, TheSourceGoesBeforeTheDestinationAndThatBeforeThePolicy) {
  const Policy policy = parse_policy(
      "version: 1\n"
      "name: rules\n"
      "timezone: UTC\n"
      "sources:\n"
      "  plain: {files: [/a]}\n"
      "  special: {files: [/b], retention: {daily: 30}, schedule: {backup: hourly}}\n"
      "destinations:\n"
      "  disk: {url: /mnt/backup}\n"
      "  archive: {url: /mnt/archive, retention: {monthly: 12}}\n"
      "  locked: {url: /mnt/locked, may_delete: no}\n"
      "encryption: {password: {file: /p}}\n"
      "schedule: {backup: daily 02:00}\n"
      "retention: {daily: 3}\n",
      "policy.yaml");
  const Source& plain = *find_source(policy, "plain");
  const Source& special = *find_source(policy, "special");
  const Destination& disk = *find_destination(policy, "disk");
  const Destination& archive = *find_destination(policy, "archive");
  EXPECT_EQ(retention_for(policy, plain, disk)->daily, 3);
  EXPECT_EQ(retention_for(policy, plain, archive)->monthly, 12);
  EXPECT_EQ(retention_for(policy, plain, archive)->daily, 0);
  EXPECT_EQ(retention_for(policy, special, archive)->daily, 30);
  EXPECT_FALSE(retention_for(policy, special, *find_destination(policy, "locked")));
  EXPECT_EQ(backup_schedule_of(policy, plain), "daily 02:00");
  EXPECT_EQ(backup_schedule_of(policy, special), "hourly");
  EXPECT_EQ(find_source(policy, "none"), nullptr);
}

}  // namespace
}  // namespace hikae::policy
