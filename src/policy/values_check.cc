// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/units.h"
#include "policy/schedule.h"
#include "policy/values.h"

namespace hikae::policy {
namespace {

using Problem = std::optional<ValueProblem>;

ValueProblem wrong(const Text& message, std::optional<Text> hint = std::nullopt) {
  return {message, std::move(hint)};
}

bool is_name(std::string_view value) {
  static constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789";
  return !value.empty() && kFirst.find(value.front()) != std::string_view::npos &&
         std::all_of(value.begin(), value.end(), [](char character) {
           return kFirst.find(character) != std::string_view::npos || character == '_' ||
                  character == '-';
         });
}

bool is_email(std::string_view value) {
  if (value.find_first_of(" ,;<>\"()") != std::string_view::npos) return false;
  const std::size_t at = value.find('@');
  // Without "@" it is a user of this machine, as sendmail takes it.
  return at == std::string_view::npos ||
         (at > 0 && at + 1 < value.size() && value.find('@', at + 1) == std::string_view::npos);
}

bool is_place_to_listen(const std::string& value) {
  constexpr std::int64_t kHighestPort = 65535;
  const std::size_t colon = value.rfind(':');
  const auto port =
      parse_whole(colon == std::string::npos ? std::string_view(value)
                                             : std::string_view(value).substr(colon + 1));
  if (!port || *port < 0 || *port > kHighestPort) return false;
  if (colon == std::string::npos) return true;
  const std::string_view host = std::string_view(value).substr(0, colon);
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  return host.find_first_of(" /") == std::string_view::npos &&
         (is_bracketed || host.find(':') == std::string_view::npos);
}

Problem check_version(const std::string& value) {
  if (value == "1") return std::nullopt;
  return wrong(text("policy.value.version", {{"value", value}}), text("policy.value.version_hint"));
}

// "//user:password@host": the userinfo of a URL holds a password.
bool holds_password(const std::string& url) {
  const std::size_t slashes = url.find("//");
  if (slashes == std::string::npos) return false;
  const std::string authority = url.substr(slashes + 2, url.find('/', slashes + 2) - slashes - 2);
  const std::size_t at = authority.rfind('@');
  return at != std::string::npos && authority.find(':') < at;
}

Problem check_location(const std::string& value) {
  static constexpr std::array<std::string_view, 6> kSchemes = {
      "local:", "file:///", "sftp:", "s3:", "rest:", "/"};
  // Before all else, so that no other message repeats the password.
  if (holds_password(value)) {
    return wrong(
        text("policy.value.location_password"),
        text("policy.value.location_password_hint",
             {{"example", "credentials: {user: NAME, password: {file: /etc/hikae/rest}}"}}));
  }
  const bool known = std::any_of(kSchemes.begin(), kSchemes.end(), [&](std::string_view scheme) {
    return value.starts_with(scheme) && value.size() > scheme.size();
  });
  if (known) return std::nullopt;
  return wrong(text("policy.value.location", {{"value", value}}),
               text("policy.value.location_hint"));
}

Problem check_number(const Field& field, const std::string& value) {
  const auto number = parse_whole(value);
  if (number && *number >= field.minimum && *number <= field.maximum) return std::nullopt;
  return wrong(text("policy.value.number",
                    {{"value", value},
                     {"minimum", std::to_string(field.minimum)},
                     {"maximum", std::to_string(field.maximum)}}));
}

Problem check_word(const Field& field, const std::string& value) {
  if (std::find(field.words.begin(), field.words.end(), value) != field.words.end()) {
    return std::nullopt;
  }
  std::string words;
  for (const auto word : field.words) words += (words.empty() ? "" : ", ") + std::string(word);
  const auto near = closest(value, field.words);
  return wrong(text("policy.value.word", {{"value", value}, {"words", words}}),
               near ? std::optional(text("policy.did_you_mean", {{"word", *near}})) : std::nullopt);
}

Problem check_span(const std::string& value) {
  try {
    if (!parse_calendar_span(value).is_zero()) return std::nullopt;
  } catch (const Error&) {
    // Reported below with an example, which helps more than the place inside the span.
  }
  return wrong(text("policy.value.span", {{"value", value}}), text("policy.value.span_hint"));
}

Problem check_timezone(const std::string& value) {
  if (TimeZone::exists(value)) return std::nullopt;
  try {
    TimeZone::named(value);
  } catch (const Error& error) {
    return wrong(text("policy.value.timezone", {{"value", value}}),
                 error.hint() ? *error.hint() : text("policy.value.timezone_hint"));
  }
  return std::nullopt;
}

Problem check_schedule(const std::string& value, const TimeZone& zone) {
  try {
    parse_schedule(value, zone);
    return std::nullopt;
  } catch (const Error& error) {
    return wrong(error.message(), error.hint());
  }
}

Problem unless(bool good, std::string_view kind, const std::string& value) {
  if (good) return std::nullopt;
  const std::string key = "policy.value." + std::string(kind);
  return wrong(text(key, {{"value", value}}), text(key + "_hint"));
}

Problem check_count(const std::string& value) {
  const auto number = parse_whole(value);
  const bool good = value == "all" || (number && *number >= 0 && *number <= 100000);
  return unless(good, "count", value);
}

Problem check_percent(const std::string& value) {
  const std::string_view digits =
      std::string_view(value).substr(0, value.ends_with('%') ? value.size() - 1 : value.size());
  const auto number = parse_whole(digits);
  return unless(number && *number >= 0 && *number <= 10000, "percent", value);
}

bool has_control_character(std::string_view value) {
  return std::any_of(value.begin(), value.end(), [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte < 0x20 || byte == 0x7F;
  });
}

Problem check_kind(const Field& field, const std::string& value, const TimeZone& zone) {
  switch (field.kind) {
    case Kind::version:
      return check_version(value);
    case Kind::name:
      return unless(is_name(value), "name", value);
    case Kind::path:
      return unless(value.starts_with('/'), "path", value);
    case Kind::location:
      return check_location(value);
    case Kind::boolean:
      return unless(parse_boolean(value).has_value(), "boolean", value);
    case Kind::number:
      return check_number(field, value);
    case Kind::count:
      return check_count(value);
    case Kind::duration:
      return unless(parse_duration(value).has_value(), "duration", value);
    case Kind::period:
      return unless(parse_period(value).has_value(), "period", value);
    case Kind::span:
      return check_span(value);
    case Kind::size:
    case Kind::rate:
      return unless(parse_bytes(value).value_or(0) > 0, "size", value);
    case Kind::rate_rule:
      return unless(parse_rate_rule(value).has_value(), "rate_rule", value);
    case Kind::percent:
      return check_percent(value);
    case Kind::share:
      return unless(parse_share(value).has_value(), "share", value);
    case Kind::word:
      return check_word(field, value);
    case Kind::timezone:
      return check_timezone(value);
    case Kind::schedule:
      return check_schedule(value, zone);
    case Kind::email:
      return unless(is_email(value), "email", value);
    case Kind::listen:
      return unless(is_place_to_listen(value), "listen", value);
    case Kind::line:
    case Kind::command:
    case Kind::tags:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ValueProblem> check_value(const Field& field,
                                        const std::string& value,
                                        const TimeZone& zone) {
  if (value.empty()) return wrong(text("policy.value.empty", {{"key", std::string(field.key)}}));
  const bool lines_allowed = field.kind == Kind::command;
  if (lines_allowed ? value.find('\0') != std::string::npos : has_control_character(value)) {
    return wrong(text("policy.value.control", {{"key", std::string(field.key)}}));
  }
  return check_kind(field, value, zone);
}

}  // namespace hikae::policy
