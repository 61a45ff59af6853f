// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/document.h"
#include "policy/load.h"
#include "policy/source_text.h"
#include "unit/policy_file/policy_texts.h"

namespace hikae::policy {
namespace {

std::string first_key(const std::string& yaml) {
  std::vector<PolicyProblem> problems;
  read_yaml(yaml, problems);
  return problems.empty() ? "" : problems.front().message.key;
}

TEST(ReadYaml, KeepsTextPlacesAndOrder) {
  std::vector<PolicyProblem> problems;
  const auto root = read_yaml("b: 02:00\n\"a\": [no, ~]\n", problems);
  ASSERT_NE(root, nullptr);
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(root->entries.size(), 2U);
  EXPECT_EQ(root->entries[0].key, "b");
  EXPECT_EQ(root->entries[0].value->scalar, "02:00");
  EXPECT_EQ(root->entries[0].value->place, (Place{1, 4}));
  EXPECT_EQ(root->entries[1].value->items[0]->scalar, "no");
  EXPECT_EQ(root->entries[1].value->items[1]->kind, YamlNode::Kind::null);
}

TEST(ReadYaml, AByteOrderMarkDoesNoHarm) {
  std::vector<PolicyProblem> problems;
  const auto root = read_yaml(
      "\xEF\xBB\xBF"
      "a: 1\n",
      problems);
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(root->entries[0].key, "a");
  EXPECT_EQ(root->entries[0].place, (Place{1, 1}));
}

TEST(ReadYaml, RefusesWhatIsNoPolicy) {
  EXPECT_EQ(first_key(""), "policy.empty");
  EXPECT_EQ(first_key("# only a comment\n"), "policy.empty");
  EXPECT_EQ(first_key("~\n"), "policy.empty");
  EXPECT_EQ(first_key(std::string(kMaxPolicySize + 1, ' ')), "policy.yaml.too_large");
  EXPECT_EQ(first_key("a: \x01\n"), "policy.yaml.encoding");
  EXPECT_EQ(first_key("a: \xC0\x80\n"), "policy.yaml.encoding");
  EXPECT_EQ(first_key("a: \xED\xA0\x80\n"), "policy.yaml.encoding");
}

TEST(ReadYaml, AnAliasToItselfEnds) {
  EXPECT_EQ(first_key("a: &x [*x]\n"), "policy.yaml.endless_alias");
  EXPECT_EQ(first_key("&x a: *x\n"), "policy.yaml.endless_alias");
  EXPECT_EQ(first_key("a: &x 1\nb: *x\n"), "");
  EXPECT_EQ(first_key("a: &x {b: [{c: *x}]}\n"), "policy.yaml.endless_alias");
}

TEST(ReadYaml, DeepNestingIsAnErrorNotACrash) {
  EXPECT_EQ(first_key("a: " + std::string(100000, '[')), "policy.yaml.syntax");
  EXPECT_EQ(first_key("a: " + std::string(100000, '{')), "policy.yaml.syntax");
}

TEST(ReadYaml, ACommaOnItsOwnEnds) {
  EXPECT_EQ(first_key(", [a]\n: b\n"), "policy.yaml.second_document");
}

TEST(ReadYaml, AliasesDoNotMultiply) {
  std::string yaml = "version: 1\nname: a\ntimezone: UTC\nsources:\n  s0: &s {files: [/0";
  for (int i = 1; i < 2000; ++i) yaml += ", /" + std::to_string(i);
  yaml += "]}\n";
  for (int i = 1; i < 1000; ++i) yaml += "  s" + std::to_string(i) + ": *s\n";
  yaml += "destinations: {d: {url: /d}}\nencryption: {password: {file: /p}}\n";
  try {
    parse_policy(yaml, "bomb.yaml");
    FAIL() << "two million paths were accepted";
  } catch (const PolicyError& error) {
    EXPECT_EQ(error.problems().front().message.key, "policy.yaml.too_many_aliases");
  }
}

TEST(SourceText, QuotesInEachFormAreFollowed) {
  const auto closed = [](const std::string& text) {
    return SourceText(text).quote_is_closed(0, 0);
  };
  EXPECT_TRUE(closed("\"a\""));
  EXPECT_TRUE(closed("\"a\\\"b\""));
  EXPECT_FALSE(closed("\"a\\\""));
  EXPECT_TRUE(closed("'it''s'"));
  EXPECT_FALSE(closed("'it''"));
  EXPECT_TRUE(closed("plain"));
  EXPECT_FALSE(closed("&x \"a"));
}

}  // namespace
}  // namespace hikae::policy
