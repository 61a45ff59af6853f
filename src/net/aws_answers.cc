// SPDX-License-Identifier: Apache-2.0
#include "net/aws_answers.h"

#include <pugixml.hpp>

#include <simdjson.h>

#include "base/error.h"
#include "net/web_time.h"

namespace hikae::net {
namespace {

[[noreturn]] void refuse() {
  throw Error(ErrorCode::corrupt, text("net.aws_answer"));
}

std::string text_in(const simdjson::dom::object& object, const char* name) {
  std::string_view value;
  if (object[name].get(value) != simdjson::SUCCESS) return "";
  return std::string(value);
}

AwsKeys checked(AwsKeys keys, const std::string& expires) {
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) refuse();
  if (expires.empty()) return keys;
  keys.expires = parse_iso_time(expires);
  // Keys that seemed to last for ever would be used beyond their end.
  if (!keys.expires) refuse();
  return keys;
}

pugi::xml_node find(const pugi::xml_document& document, const char* name) {
  return document.find_node(
      [&](const pugi::xml_node& node) { return std::string_view(node.name()) == name; });
}

}  // namespace

AwsKeys parse_aws_json_keys(ByteView json) {
  simdjson::dom::parser parser;
  Bytes padded = to_bytes(json);
  padded.resize(json.size() + simdjson::SIMDJSON_PADDING);
  simdjson::dom::object object;
  const bool parsed =
      parser.parse(padded.data(), json.size(), false).get(object) == simdjson::SUCCESS;
  wipe(padded.data(), padded.size());
  if (!parsed) refuse();
  AwsKeys keys;
  keys.access_key_id = text_in(object, "AccessKeyId");
  keys.secret_access_key = Secret(text_in(object, "SecretAccessKey"));
  std::string token = text_in(object, "SessionToken");
  if (token.empty()) token = text_in(object, "Token");
  keys.session_token = Secret(std::move(token));
  return checked(std::move(keys), text_in(object, "Expiration"));
}

AwsKeys parse_sts_keys(ByteView xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) refuse();
  const pugi::xml_node credentials = find(document, "Credentials");
  AwsKeys keys;
  keys.access_key_id = credentials.child_value("AccessKeyId");
  keys.secret_access_key = Secret(credentials.child_value("SecretAccessKey"));
  keys.session_token = Secret(credentials.child_value("SessionToken"));
  return checked(std::move(keys), credentials.child_value("Expiration"));
}

std::string parse_sts_failure(ByteView xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return "";
  const pugi::xml_node error = find(document, "Error");
  const std::string code = error.child_value("Code");
  const std::string message = error.child_value("Message");
  return code.empty() ? message : code + ": " + message;
}

}  // namespace hikae::net
