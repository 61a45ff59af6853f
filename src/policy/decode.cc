// SPDX-License-Identifier: Apache-2.0
#include "policy/decode.h"

#include <algorithm>

#include "policy/table.h"
#include "policy/values.h"

namespace hikae::policy {
namespace {

// Aliases let a small file stand for a large one; this bounds how large.
constexpr std::size_t kMostNodes = 100000;
constexpr std::size_t kMostProblems = 100;

using Kind = YamlNode::Kind;

std::string join(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : std::string(path) + "." + std::string(key);
}

Text example_of(const Field& field) {
  return text("policy.example",
              {{"key", std::string(field.key)}, {"example", std::string(field.example)}});
}

class Decoder {
 public:
  Decoder(Policy& policy, const TimeZone& zone, std::vector<PolicyProblem>& problems)
      : policy_(policy), zone_(zone), problems_(problems) {}

  // `owner` is the place of the key that introduces the section.
  void section(const Section& section,
               const YamlNode& node,
               void* object,
               const std::string& path,
               Place owner) {
    if (!is_map(section, node, path, owner)) return;
    std::vector<std::string> misspelt;
    for (const auto& entry : node.entries) {
      if (exhausted(entry.place)) return;
      const Field* known = find_field(section, entry.key);
      if (known == nullptr) {
        if (auto meant = report_unknown(section, entry)) misspelt.push_back(std::move(*meant));
        continue;
      }
      const std::string inner = join(path, entry.key);
      policy_.places[inner] = entry.place;
      field(*known, entry, object, inner);
    }
    check_required(section, node, misspelt, path, owner);
    check_one_of(section, node, path, owner);
  }

 private:
  void report(Place place, Text message, std::optional<Text> hint = std::nullopt) {
    if (problems_.size() == kMostProblems) {
      problems_.push_back({place, text("policy.too_many_problems"), std::nullopt});
    } else if (problems_.size() < kMostProblems) {
      problems_.push_back({place, std::move(message), std::move(hint)});
    }
  }

  bool exhausted(Place place) {
    if (++nodes_ == kMostNodes) report(place, text("policy.yaml.too_many_aliases"));
    return nodes_ >= kMostNodes;
  }

  bool is_map(const Section& section, const YamlNode& node, const std::string& path, Place owner) {
    if (node.kind == Kind::map) return true;
    if (section.is_secret && node.kind == Kind::scalar) {
      report(node.place,
             text("policy.plain_secret", {{"key", path}}),
             text("policy.plain_secret_hint",
                  {{"example", last_key(path) + ": {file: /etc/hikae/" + last_key(path) + "}"}}));
    } else if (path.empty()) {
      report(node.place, text("policy.not_a_policy"), text("policy.empty_hint"));
    } else {
      report(node.kind == Kind::null ? owner : node.place,
             text("policy.not_section", {{"key", path}}),
             text("policy.not_section_hint", {{"keys", keys_of(section)}}));
    }
    return false;
  }

  static std::string last_key(const std::string& path) { return path.substr(path.rfind('.') + 1); }

  static std::string keys_of(const Section& section) {
    std::string keys;
    for (const Field& field : section.fields) {
      keys += (keys.empty() ? "" : ", ") + std::string(field.key);
    }
    return keys;
  }

  // The key that was probably meant.
  std::optional<std::string> report_unknown(const Section& section, const YamlNode::Entry& entry) {
    std::vector<std::string_view> keys;
    for (const Field& field : section.fields) keys.push_back(field.key);
    auto near = closest(entry.key, keys);
    report(entry.place,
           text("policy.unknown_key", {{"key", entry.key}}),
           near ? text("policy.did_you_mean", {{"word", *near}})
                : text("policy.known_keys", {{"keys", keys_of(section)}}));
    return near;
  }

  static bool gives(const YamlNode& node, std::string_view key) {
    return std::any_of(node.entries.begin(), node.entries.end(), [&](const auto& entry) {
      return entry.key == key;
    });
  }

  // A misspelt key was reported already; that it is missing too would be the same mistake twice.
  void check_required(const Section& section,
                      const YamlNode& node,
                      const std::vector<std::string>& misspelt,
                      const std::string& path,
                      Place owner) {
    for (const Field& field : section.fields) {
      if (field.presence != Presence::required || gives(node, field.key) ||
          std::find(misspelt.begin(), misspelt.end(), field.key) != misspelt.end()) {
        continue;
      }
      report(
          owner, text("policy.missing_key", {{"key", join(path, field.key)}}), example_of(field));
    }
  }

  void check_one_of(const Section& section,
                    const YamlNode& node,
                    const std::string& path,
                    Place owner) {
    if (section.one_of.empty()) return;
    const auto count = std::count_if(section.one_of.begin(),
                                     section.one_of.end(),
                                     [&](std::string_view key) { return gives(node, key); });
    if (count == 1) return;
    std::string keys;
    for (const auto key : section.one_of) keys += (keys.empty() ? "" : ", ") + std::string(key);
    const Text::Arguments arguments = {{"key", path}, {"keys", keys}};
    if (count == 0) {
      const Field* first = find_field(section, section.one_of.front());
      report(owner, text("policy.none_of", arguments), example_of(*first));
    } else {
      report(owner, text("policy.several_of", arguments));
    }
  }

  void field(const Field& field,
             const YamlNode::Entry& entry,
             void* object,
             const std::string& path) {
    const YamlNode& node = *entry.value;
    switch (field.shape) {
      case Shape::section:
        section(field.section(), node, field.enter(object), path, entry.place);
        break;
      case Shape::named_sections:
        named_sections(field, entry, object, path);
        break;
      case Shape::one:
        if (const auto value = scalar(field, node, entry.place)) field.store(object, {*value});
        break;
      case Shape::one_or_list:
        if (node.kind != Kind::list) {
          if (const auto value = scalar(field, node, entry.place)) field.store(object, {*value});
          break;
        }
        list(field, entry, object);
        break;
      case Shape::list:
        list(field, entry, object);
        break;
    }
  }

  void named_sections(const Field& field,
                      const YamlNode::Entry& entry,
                      void* object,
                      const std::string& path) {
    const YamlNode& node = *entry.value;
    if (node.kind != Kind::map || node.entries.empty()) {
      const bool nothing = node.kind == Kind::null || node.kind == Kind::map;
      report(nothing ? entry.place : node.place,
             text(nothing ? "policy.no_names" : "policy.not_names", {{"key", path}}),
             example_of(field));
      return;
    }
    Field name;
    name.kind = policy::Kind::name;
    name.key = field.key;
    for (const auto& element : node.entries) {
      if (exhausted(element.place)) return;
      if (const auto problem = check_value(name, element.key, zone_)) {
        report(element.place, problem->message, problem->hint);
        continue;
      }
      const std::string inner = join(path, element.key);
      policy_.places[inner] = element.place;
      section(
          field.section(), *element.value, field.add(object, element.key), inner, element.place);
    }
  }

  // The checked text; nothing, after a report, if it is not one value of the kind.
  std::optional<std::string> scalar(const Field& field, const YamlNode& node, Place owner) {
    const std::string key(field.key);
    if (node.kind == Kind::null) {
      report(owner, text("policy.value.empty", {{"key", key}}), example_of(field));
      return std::nullopt;
    }
    if (node.kind != Kind::scalar) {
      report(node.place, text("policy.not_scalar", {{"key", key}}), example_of(field));
      return std::nullopt;
    }
    auto problem = check_value(field, node.scalar, zone_);
    if (problem) {
      report(node.place, problem->message, problem->hint ? problem->hint : example_of(field));
      return std::nullopt;
    }
    return field.kind == policy::Kind::boolean
               ? std::string(parse_boolean(node.scalar).value_or(false) ? "true" : "false")
               : node.scalar;
  }

  void list(const Field& field, const YamlNode::Entry& entry, void* object) {
    const YamlNode& node = *entry.value;
    const std::string key(field.key);
    if (node.kind != Kind::list) {
      report(node.kind == Kind::null ? entry.place : node.place,
             text("policy.not_list", {{"key", key}}),
             example_of(field));
      return;
    }
    if (node.items.empty()) {
      report(node.place, text("policy.empty_list", {{"key", key}}), example_of(field));
      return;
    }
    Values values;
    for (const auto& item : node.items) {
      if (exhausted(item->place)) return;
      const auto value = scalar(field, *item, item->place);
      if (!value) continue;
      if (std::find(values.begin(), values.end(), *value) != values.end()) {
        report(item->place, text("policy.repeated", {{"value", *value}}));
      }
      values.push_back(*value);
    }
    if (!values.empty()) field.store(object, values);
  }

  Policy& policy_;
  TimeZone zone_;
  std::vector<PolicyProblem>& problems_;
  std::size_t nodes_ = 0;
};

// The policy's zone is needed before its turn, since schedules may stand above it.
TimeZone zone_of(const YamlNode& root) {
  for (const auto& entry : root.entries) {
    const bool usable = entry.key == "timezone" && entry.value->kind == Kind::scalar;
    if (usable && TimeZone::exists(entry.value->scalar)) {
      return TimeZone::named(entry.value->scalar);
    }
  }
  return TimeZone::utc();
}

}  // namespace

Policy decode_policy(const YamlNode& root, std::vector<PolicyProblem>& problems) {
  Policy policy;
  Decoder(policy, zone_of(root), problems).section(root_section(), root, &policy, "", Place{1, 1});
  return policy;
}

}  // namespace hikae::policy
