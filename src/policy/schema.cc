// SPDX-License-Identifier: Apache-2.0
#include "policy/schema.h"

#include <set>

#include "base/json.h"
#include "policy/table.h"
#include "policy/values.h"

namespace hikae::policy {
namespace {

// The pattern that a text of this kind has; empty: any.
std::string_view pattern_of(Kind kind) {
  switch (kind) {
    case Kind::name:
      return "^[a-z0-9][a-z0-9_-]*$";
    case Kind::path:
      return "^/";
    case Kind::location:
      return "^(/.|local:.|file:///.|sftp:.|s3:.|rest:.)";
    case Kind::duration:
      return "^([0-9]+(\\.[0-9]+)?[smhdw])+$";
    case Kind::period:
      return "^([0-9]+[dwy])+$";
    case Kind::span:
      return "^(-?[0-9]+[ymdh])+$";
    case Kind::size:
    case Kind::rate:
      return "^[0-9]+(\\.[0-9]+)? ?([KMGTkmgt]?[Bb]?|[KMGTkmgt]iB)$";
    case Kind::rate_rule:
      return "^(([01][0-9]|2[0-4]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9] )?"
             "(unlimited|[0-9]+(\\.[0-9]+)? ?([KMGTkmgt]?[Bb]?|[KMGTkmgt]iB))$";
    case Kind::percent:
      return "^[0-9]+%?$";
    case Kind::share:
      return "^([0-9]+%|[0-9]+(\\.[0-9]+)? ?([KMGTkmgt]?[Bb]?|[KMGTkmgt]iB))$";
    case Kind::listen:
      return "^(([^ /:]*|\\[[0-9a-fA-F:.]+\\]):)?[0-9]+$";
    case Kind::email:
      return "^[^ @,;<>\"()]+(@[^ @,;<>\"()]+)?$";
    default:
      return "";
  }
}

class SchemaWriter {
 public:
  SchemaWriter(std::string& out, Language language) : json_(out), language_(language) {}

  void document() {
    json_.begin_object();
    json_.member("$schema", "https://json-schema.org/draft/2020-12/schema");
    json_.member("title", render(text("policy.schema_title"), language_));
    body(root_section());
    json_.key("$defs").begin_object();
    definitions(root_section());
    json_.end_object();
    json_.end_object();
  }

 private:
  // Every section once, however often it is used.
  void definitions(const Section& section) {
    for (const Field& field : section.fields) {
      if (field.section == nullptr) continue;
      const Section& part = field.section();
      if (!written_.insert(part.name).second) continue;
      json_.key(part.name).begin_object();
      body(part);
      json_.end_object();
      definitions(part);
    }
  }

  void body(const Section& section) {
    json_.member("type", "object").key("additionalProperties").boolean(false);
    json_.key("properties").begin_object();
    for (const Field& field : section.fields) {
      json_.key(field.key).begin_object();
      json_.member("description", render(text(description_key(section, field)), language_));
      property(field);
      json_.end_object();
    }
    json_.end_object();
    json_.key("required").begin_array();
    for (const Field& field : section.fields) {
      if (field.presence == Presence::required) json_.value(field.key);
    }
    json_.end_array();
    if (section.one_of.empty()) return;
    json_.key("oneOf").begin_array();
    for (const auto key : section.one_of) {
      json_.begin_object().key("required").begin_array().value(key).end_array().end_object();
    }
    json_.end_array();
  }

  void property(const Field& field) {
    switch (field.shape) {
      case Shape::one:
        value(field);
        break;
      case Shape::list:
        list(field);
        break;
      case Shape::one_or_list:
        json_.key("anyOf").begin_array().begin_object();
        value(field);
        json_.end_object().begin_object();
        list(field);
        json_.end_object().end_array();
        break;
      case Shape::section:
        reference(field);
        break;
      case Shape::named_sections:
        json_.member("type", "object").member("minProperties", 1);
        json_.key("propertyNames").begin_object();
        json_.member("pattern", pattern_of(Kind::name)).end_object();
        json_.key("additionalProperties").begin_object();
        reference(field);
        json_.end_object();
        break;
    }
    if (field.initial) initial(field);
  }

  void reference(const Field& field) {
    json_.member("$ref", "#/$defs/" + std::string(field.section().name));
  }

  void list(const Field& field) {
    json_.member("type", "array").member("minItems", 1);
    json_.key("uniqueItems").boolean(true);
    json_.key("items").begin_object();
    value(field);
    json_.end_object();
  }

  // Where people write 1 without quotes, an editor sees a number.
  void text_or_number(std::string_view pattern) {
    json_.key("type").begin_array().value("string").value("integer").end_array();
    json_.member("pattern", pattern);
  }

  void value(const Field& field) {
    switch (field.kind) {
      case Kind::version:
        json_.member("const", 1);
        break;
      case Kind::boolean:
        json_.member("type", "boolean");
        break;
      case Kind::number:
        json_.member("type", "integer");
        json_.member("minimum", field.minimum).member("maximum", field.maximum);
        break;
      case Kind::count:
        json_.key("anyOf").begin_array().begin_object();
        json_.member("type", "integer").member("minimum", 0);
        json_.end_object().begin_object().member("const", "all").end_object().end_array();
        break;
      case Kind::size:
      case Kind::rate:
      case Kind::rate_rule:
      case Kind::percent:
      case Kind::share:
      case Kind::listen:
        text_or_number(pattern_of(field.kind));
        break;
      case Kind::word:
        json_.key("enum").begin_array();
        for (const auto word : field.words) json_.value(word);
        json_.end_array();
        break;
      default:
        json_.member("type", "string").member("minLength", 1);
        if (const auto pattern = pattern_of(field.kind); !pattern.empty()) {
          json_.member("pattern", pattern);
        }
        break;
    }
  }

  void initial(const Field& field) {
    json_.key("default");
    const bool one = field.shape == Shape::one ||
                     (field.shape == Shape::one_or_list && field.initial->size() == 1);
    if (!one) json_.begin_array();
    for (const auto& element : *field.initial) write_json_value(json_, element, field.kind);
    if (!one) json_.end_array();
  }

  JsonWriter json_;
  Language language_;
  std::set<std::string_view> written_;
};

}  // namespace

std::string policy_json_schema(Language language) {
  std::string out;
  SchemaWriter(out, language).document();
  return out;
}

}  // namespace hikae::policy
