// SPDX-License-Identifier: Apache-2.0
#include "storage/s3_lifecycle.h"

#include <array>
#include <pugixml.hpp>
#include <string_view>

#include "base/error.h"
#include "storage/s3_client.h"

namespace hikae {
namespace {

// All but these are read at once.
constexpr std::array<std::string_view, 2> kSlowClasses = {"GLACIER", "DEEP_ARCHIVE"};

// <Filter><Prefix>, <Filter><And><Prefix>, or, in old configurations, <Prefix> beside the filter.
std::string prefix_of(const pugi::xml_node& rule) {
  const pugi::xml_node filter = rule.child("Filter");
  for (const pugi::xml_node& place : {filter.child("And"), filter, rule}) {
    std::string prefix = place.child_value("Prefix");
    if (!prefix.empty()) return prefix;
  }
  return {};
}

bool wants_tags(const pugi::xml_node& rule) {
  const pugi::xml_node filter = rule.child("Filter");
  return filter.child("Tag") || filter.child("And").child("Tag");
}

// One of them begins with the other. What happens to our locks alone harms nobody.
bool reaches(const std::string& rule, const std::string& ours) {
  if (rule.starts_with(ours + "locks/")) return false;
  return rule.starts_with(ours) || ours.starts_with(rule);
}

void add_expiration(const pugi::xml_node& rule, std::vector<LifecycleRule>& rules) {
  for (const char* word : {"Days", "Date"}) {
    const std::string value = rule.child("Expiration").child_value(word);
    if (value.empty()) continue;
    rules.push_back({rule.child_value("ID"),
                     prefix_of(rule),
                     LifecycleRule::Effect::deletes,
                     std::string(word) + "=" + value});
  }
}

void add_transitions(const pugi::xml_node& rule, std::vector<LifecycleRule>& rules) {
  for (const pugi::xml_node& transition : rule.children("Transition")) {
    const std::string storage_class = transition.child_value("StorageClass");
    for (const std::string_view slow : kSlowClasses) {
      if (storage_class != slow) continue;
      rules.push_back({rule.child_value("ID"),
                       prefix_of(rule),
                       LifecycleRule::Effect::puts_away,
                       storage_class});
    }
  }
}

}  // namespace

std::vector<LifecycleRule> parse_lifecycle(ByteView body, const std::string& prefix) {
  pugi::xml_document document;
  const bool is_xml =
      static_cast<bool>(document.load_buffer(body.data(), body.size(), pugi::parse_default));
  const pugi::xml_node root = document.document_element();
  if (!is_xml || std::string_view(root.name()) != "LifecycleConfiguration")
    throw Error(ErrorCode::corrupt,
                text("storage.s3_answer", {{"what", "LifecycleConfiguration"}}));
  std::vector<LifecycleRule> rules;
  for (const pugi::xml_node& rule : root.children("Rule")) {
    const bool is_enabled = std::string_view(rule.child_value("Status")) == "Enabled";
    if (!is_enabled || wants_tags(rule) || !reaches(prefix_of(rule), prefix)) continue;
    add_expiration(rule, rules);
    add_transitions(rule, rules);
  }
  return rules;
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): the client takes the secrets over
std::vector<LifecycleRule> load_lifecycle(const Location& location,
                                          OpenOptions options,
                                          const StopToken& stop) {
  S3Client client(s3_client_options(location, options, 1, std::make_shared<SystemClock>()));
  S3Request request;
  request.query = {{"lifecycle", ""}};
  // 404: no rules. 405, 501: a store without such a thing.
  const net::HttpResponse response = client.send(request, {404, 405, 501}, stop);
  if (response.status != 200) return {};
  return parse_lifecycle(response.body, client.place().prefix);
}

}  // namespace hikae
