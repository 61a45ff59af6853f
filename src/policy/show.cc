// SPDX-License-Identifier: Apache-2.0
#include "policy/show.h"

#include "base/json.h"
#include "policy/table.h"
#include "policy/values.h"

namespace hikae::policy {
namespace {

// Whether anything of the section is set; a group without content is not written.
bool has_content(const Section& section, const void* object) {
  for (const Field& field : section.fields) {
    if (field.load && field.load(object)) return true;
    if (field.look) {
      const void* part = field.look(object);
      if (part != nullptr && has_content(field.section(), part)) return true;
    }
    if (field.all && !field.all(object).empty()) return true;
  }
  return false;
}

const void* content_of(const Field& field, const void* object) {
  const void* part = field.look(object);
  return part != nullptr && has_content(field.section(), part) ? part : nullptr;
}

class YamlWriter {
 public:
  explicit YamlWriter(std::string& out) : out_(out) {}

  void section(const Section& section, const void* object, std::size_t depth) {
    for (const Field& field : section.fields) {
      if (field.load) {
        values(field, object, depth);
      } else if (field.look) {
        if (const void* part = content_of(field, object)) nested(field, part, depth);
      } else {
        open(field.key, depth);
        for (const auto& [name, part] : field.all(object)) {
          open(name, depth + 1);
          this->section(field.section(), part, depth + 2);
        }
      }
    }
  }

 private:
  void indent(std::size_t depth) { out_.append(2 * depth, ' '); }

  void open(std::string_view key, std::size_t depth) {
    indent(depth);
    out_.append(key).append(":\n");
  }

  void values(const Field& field, const void* object, std::size_t depth) {
    const auto values = field.load(object);
    if (!values) return;
    indent(depth);
    out_.append(field.key).append(": ");
    out_ += write_values(*values, field.shape, field.kind) + "\n";
  }

  void nested(const Field& field, const void* part, std::size_t depth) {
    const Section& section = field.section();
    if (!section.is_secret) {
      open(field.key, depth);
      this->section(section, part, depth + 1);
      return;
    }
    indent(depth);
    out_.append(field.key).append(": {");
    for (const Field& form : section.fields) {
      const auto values = form.load(part);
      if (!values) continue;
      out_.append(form.key).append(": ");
      out_ += write_values(*values, form.shape, form.kind);
    }
    out_ += "}\n";
  }

  std::string& out_;
};

void write_json(JsonWriter& json, const Section& section, const void* object) {
  json.begin_object();
  for (const Field& field : section.fields) {
    if (field.load) {
      const auto values = field.load(object);
      if (!values) continue;
      json.key(field.key);
      const bool one =
          field.shape == Shape::one || (field.shape == Shape::one_or_list && values->size() == 1);
      if (!one) json.begin_array();
      for (const auto& value : *values) write_json_value(json, value, field.kind);
      if (!one) json.end_array();
    } else if (field.look) {
      const void* part = content_of(field, object);
      if (part == nullptr) continue;
      json.key(field.key);
      write_json(json, field.section(), part);
    } else {
      json.key(field.key).begin_object();
      for (const auto& [name, part] : field.all(object)) {
        json.key(name);
        write_json(json, field.section(), part);
      }
      json.end_object();
    }
  }
  json.end_object();
}

}  // namespace

std::string policy_yaml(const Policy& policy) {
  std::string out;
  YamlWriter(out).section(root_section(), &policy, 0);
  return out;
}

std::string policy_json(const Policy& policy) {
  std::string out;
  JsonWriter json(out);
  write_json(json, root_section(), &policy);
  return out;
}

}  // namespace hikae::policy
