// SPDX-License-Identifier: Apache-2.0
#include "notify/template.h"

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace hikae::notify {
namespace {

std::string escaped_json(std::string_view value) {
  std::string quoted;
  append_json_string(quoted, value);
  return quoted.substr(1, quoted.size() - 2);
}

std::string escaped_form(std::string_view value) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::string escaped_xml(std::string_view value) {
  std::string out;
  for (const char c : printable_lines(value)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

Escape escape_for(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  if (type == "application/json" || type.ends_with("+json")) return Escape::json;
  if (type == "application/x-www-form-urlencoded") return Escape::form;
  if (type == "text/html" || type.ends_with("xml")) return Escape::xml;
  return Escape::plain;
}

std::string escaped(std::string_view value, Escape escape) {
  switch (escape) {
    case Escape::json:
      return escaped_json(value);
    case Escape::form:
      return escaped_form(value);
    case Escape::xml:
      return escaped_xml(value);
    case Escape::plain:
      break;
  }
  return printable_lines(value);
}

std::string fill_template(
    std::string_view pattern,
    Escape escape,
    const std::function<std::optional<std::string>(const std::string& name)>& value_of) {
  std::string out;
  for (;;) {
    const std::size_t open = pattern.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : pattern.find("}}", open);
    if (close == std::string_view::npos) return out + std::string(pattern);
    out += pattern.substr(0, open);
    const std::string name(trimmed(pattern.substr(open + 2, close - open - 2)));
    const auto value = value_of(name);
    if (!value) {
      std::string known;
      for (const std::string_view one : template_names())
        known += (known.empty() ? "" : ", ") + std::string(one);
      throw Error(ErrorCode::invalid_argument, text("notify.unknown_name", {{"name", name}}))
          .with_hint(text("notify.unknown_name_hint", {{"names", known}}));
    }
    out += escaped(*value, escape);
    pattern.remove_prefix(close + 2);
  }
}

const std::vector<std::string_view>& template_names() {
  static const std::vector<std::string_view> kNames = {"subject",
                                                       "text",
                                                       "details",
                                                       "verdict",
                                                       "failure",
                                                       "occasion",
                                                       "job",
                                                       "policy",
                                                       "host",
                                                       "run",
                                                       "slot",
                                                       "time",
                                                       "json"};
  return kNames;
}

}  // namespace hikae::notify
