// SPDX-License-Identifier: Apache-2.0
#include "policy/show.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "policy/load.h"
#include "unit/policy_file/policy_texts.h"

namespace hikae::policy {
namespace {

using testing::example_policy;
using ::testing::HasSubstr;
using testing::small_policy;

// A policy that uses every key.
std::string full_policy() {
  return testing::read_file(testing::source_file("tests/unit/policy_file/every-key.yaml"));
}

void expect_equal(const Policy& a, const Policy& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.language, b.language);
  EXPECT_EQ(a.timezone, b.timezone);
  EXPECT_EQ(a.sources, b.sources);
  EXPECT_EQ(a.destinations, b.destinations);
  EXPECT_EQ(a.encryption, b.encryption);
  EXPECT_EQ(a.schedule, b.schedule);
  EXPECT_EQ(a.retention, b.retention);
  EXPECT_EQ(a.retry, b.retry);
  EXPECT_EQ(a.notify, b.notify);
  EXPECT_EQ(a.drill, b.drill);
  EXPECT_EQ(a.review, b.review);
  EXPECT_EQ(a.documents, b.documents);
  EXPECT_EQ(a.evidence, b.evidence);
  EXPECT_EQ(a.limits, b.limits);
  EXPECT_EQ(a.hooks, b.hooks);
  EXPECT_EQ(a.anomaly, b.anomaly);
}

TEST(ShowPolicy, ReadsBackAsTheSamePolicy) {
  for (const std::string& yaml : {example_policy(), full_policy(), small_policy()}) {
    const Policy policy = parse_policy(yaml, "policy.yaml");
    const std::string shown = policy_yaml(policy);
    const Policy again = parse_policy(shown, "shown.yaml");
    expect_equal(policy, again);
    EXPECT_EQ(policy_yaml(again), shown);
    // JSON is YAML, too.
    expect_equal(policy, parse_policy(policy_json(policy), "shown.json"));
  }
}

TEST(ShowPolicy, FillsInDefaults) {
  const std::string shown = policy_yaml(parse_policy(small_policy(), "policy.yaml"));
  EXPECT_THAT(shown, HasSubstr("\nretry:\n  attempts: 3\n  wait: 10m\n"));
  EXPECT_THAT(shown, HasSubstr("\n  prune: weekly\n  window: 6h\n"));
  EXPECT_THAT(shown, HasSubstr("  password: {file: /etc/hikae/password}\n"));
  EXPECT_THAT(shown, ::testing::Not(HasSubstr("retention")));
}

TEST(ShowPolicy, JsonHasTypes) {
  const std::string shown = policy_json(
      parse_policy(small_policy("retention: {daily: 3, yearly: all, overlap: yes}\n"), "p"));
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(shown);
  EXPECT_EQ(root["version"].get_int64().value(), 1);
  EXPECT_EQ(root["retention"]["daily"].get_int64().value(), 3);
  EXPECT_EQ(root["retention"]["yearly"].get_string().value(), "all");
  EXPECT_TRUE(root["retention"]["overlap"].get_bool().value());
  EXPECT_EQ(root["sources"]["etc"]["files"].at(0).get_string().value(), "/etc");
}

}  // namespace
}  // namespace hikae::policy
