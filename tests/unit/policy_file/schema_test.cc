// SPDX-License-Identifier: Apache-2.0
#include "policy/schema.h"

#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "policy/document.h"
#include "policy/table.h"
#include "unit/policy_file/policy_texts.h"

namespace hikae::policy {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Enough of JSON Schema to validate a policy by ours. Returns the path of the first thing that the
// schema does not allow.
class Validator {
 public:
  explicit Validator(element root) : root_(root) {}

  std::string check(const YamlNode& node) const { return check(node, root_, "$"); }

 private:
  element resolve(element schema) const {
    std::string_view reference;
    if (schema["$ref"].get(reference) != simdjson::SUCCESS) return schema;
    const std::string_view prefix = "#/$defs/";
    EXPECT_TRUE(reference.substr(0, prefix.size()) == prefix) << reference;
    return root_["$defs"][reference.substr(prefix.size())];
  }

  std::string check(const YamlNode& node, element unresolved, const std::string& path) const {
    const element schema = resolve(unresolved);
    if (element choices; schema["anyOf"].get(choices) == simdjson::SUCCESS) {
      for (const element choice : choices.get_array()) {
        if (check(node, choice, path).empty()) return "";
      }
      return path;
    }
    switch (node.kind) {
      case YamlNode::Kind::map:
        return check_map(node, schema, path);
      case YamlNode::Kind::list:
        return check_list(node, schema, path);
      default:
        return fits(node.scalar, schema) ? "" : path + "=" + node.scalar;
    }
  }

  std::string check_map(const YamlNode& node, element schema, const std::string& path) const {
    if (!has_type(schema, "object")) return path;
    for (const auto& entry : node.entries) {
      element inner;
      if (schema["properties"][entry.key].get(inner) != simdjson::SUCCESS &&
          (schema["additionalProperties"].get(inner) != simdjson::SUCCESS || inner.is_bool())) {
        return path + "." + entry.key;
      }
      const std::string problem = check(*entry.value, inner, path + "." + entry.key);
      if (!problem.empty()) return problem;
    }
    element required;
    if (schema["required"].get(required) != simdjson::SUCCESS) return "";
    for (const element key : required.get_array()) {
      if (!gives(node, key)) return path + " lacks " + std::string(key.get_string().value());
    }
    return check_one_of(node, schema) ? "" : path + " oneOf";
  }

  static bool gives(const YamlNode& node, element key) {
    const std::string_view wanted = key;
    return std::any_of(node.entries.begin(), node.entries.end(), [&](const auto& entry) {
      return entry.key == wanted;
    });
  }

  static bool check_one_of(const YamlNode& node, element schema) {
    element choices;
    if (schema["oneOf"].get(choices) != simdjson::SUCCESS) return true;
    int given = 0;
    for (const element choice : choices.get_array()) {
      if (gives(node, choice["required"].at(0))) ++given;
    }
    return given == 1;
  }

  std::string check_list(const YamlNode& node, element schema, const std::string& path) const {
    if (!has_type(schema, "array") || node.items.empty()) return path;
    for (const auto& item : node.items) {
      const std::string problem = check(*item, schema["items"], path + "[]");
      if (!problem.empty()) return problem;
    }
    return "";
  }

  static bool has_type(element schema, std::string_view type) {
    element types;
    if (schema["type"].get(types) != simdjson::SUCCESS) return false;
    if (types.is_string()) return types.get_string().value() == type;
    for (const element one : types.get_array()) {
      if (one.get_string().value() == type) return true;
    }
    return false;
  }

  static bool fits(const std::string& scalar, element schema) {
    if (element words; schema["enum"].get(words) == simdjson::SUCCESS) {
      for (const element word : words.get_array()) {
        if (word.get_string().value() == scalar) return true;
      }
      return false;
    }
    if (element constant; schema["const"].get(constant) == simdjson::SUCCESS) {
      return simdjson::to_string(constant) == scalar ||
             simdjson::to_string(constant) == "\"" + scalar + "\"";
    }
    if (has_type(schema, "boolean")) return scalar == "true" || scalar == "false";
    const bool digits =
        !scalar.empty() && scalar.find_first_not_of("0123456789") == std::string::npos;
    if (digits && has_type(schema, "integer")) return true;
    if (!has_type(schema, "string") || scalar.empty()) return false;
    std::string_view pattern;
    return schema["pattern"].get(pattern) != simdjson::SUCCESS ||
           std::regex_search(scalar, std::regex(std::string(pattern)));
  }

  element root_;
};

std::string check(const std::string& yaml) {
  simdjson::dom::parser parser;
  const std::string schema = policy_json_schema();
  const element root = parser.parse(schema);
  std::vector<PolicyProblem> problems;
  const auto tree = read_yaml(yaml, problems);
  return tree == nullptr ? "unreadable" : Validator(root).check(*tree);
}

TEST(PolicySchema, AcceptsWhatTheProgramAccepts) {
  using testing::read_file;
  using testing::source_file;
  EXPECT_EQ(check(testing::example_policy()), "");
  EXPECT_EQ(check(testing::small_policy()), "");
  EXPECT_EQ(check(read_file(source_file("tests/unit/policy_file/every-key.yaml"))), "");
}

TEST(PolicySchema, RefusesWhatTheProgramRefuses) {
  const auto small = [](const std::string& more) { return check(testing::small_policy(more)); };
  EXPECT_EQ(small("retentoin: {daily: 3}\n"), "$.retentoin");
  EXPECT_EQ(small("retry: 3\n"), "$.retry=3");
  EXPECT_EQ(small("retry: {wait: 10}\n"), "$.retry.wait=10");
  EXPECT_EQ(small("language: jp\n"), "$.language=jp");
  EXPECT_EQ(small("notify: {ping: {file: /a, env: B}}\n"), "$.notify.ping oneOf");
  EXPECT_EQ(small("notify: {slack: {on: [failure]}}\n"), "$.notify.slack lacks webhook");
  EXPECT_EQ(check("version: 1\n"), "$ lacks name");
}

void collect(const Section& section, std::set<const Section*>& sections) {
  if (!sections.insert(&section).second) return;
  for (const Field& field : section.fields) {
    if (field.section != nullptr) collect(field.section(), sections);
  }
}

TEST(PolicySchema, HasEveryKeyOfTheTableWithItsDescription) {
  std::set<const Section*> sections;
  collect(root_section(), sections);
  std::set<std::string_view> names;
  for (const Language language : {Language::en, Language::ja}) {
    simdjson::dom::parser parser;
    const std::string schema = policy_json_schema(language);
    const element root = parser.parse(schema);
    EXPECT_EQ(root["$schema"].get_string().value(), "https://json-schema.org/draft/2020-12/schema");
    for (const Section* section : sections) {
      names.insert(section->name);
      const bool top = section == &root_section();
      const element body = top ? root : element(root["$defs"][section->name]);
      EXPECT_EQ(object(body["properties"]).size(), section->fields.size()) << section->name;
      EXPECT_FALSE(body["additionalProperties"].get_bool().value());
      for (const Field& field : section->fields) {
        const std::string_view description = body["properties"][field.key]["description"];
        EXPECT_EQ(description.find("policy.key"), std::string_view::npos)
            << "no text for " << description_key(*section, field);
      }
    }
  }
  EXPECT_EQ(names.size(), sections.size()) << "two sections have one name";
}

TEST(PolicyTable, EveryKeyHasAnExampleAndOneSpelling) {
  std::set<const Section*> sections;
  collect(root_section(), sections);
  for (const Section* section : sections) {
    std::set<std::string_view> keys;
    for (const Field& field : section->fields) {
      EXPECT_TRUE(keys.insert(field.key).second) << section->name << "." << field.key;
      EXPECT_FALSE(field.example.empty()) << section->name << "." << field.key;
      const bool is_value = field.store && field.load;
      EXPECT_NE(is_value, field.section != nullptr) << section->name << "." << field.key;
    }
  }
}

}  // namespace
}  // namespace hikae::policy
