// SPDX-License-Identifier: Apache-2.0
// Internal to format, for .cc files only: reading JSON with simdjson. Field names in errors are
// written "document.field", as docs/format.md calls them.
#pragma once

#include <array>
#include <concepts>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "base/bytes.h"
#include "base/error.h"
#include "format/time.h"

namespace hikae::format {

// Marks a time that the document did not hold.
inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

// Throws Error{corrupt} that names the field.
[[noreturn]] void throw_bad_field(std::string_view document, std::string_view field);

// A parsed document; owns what JsonValue points into. Parsers come from a small cache of the
// calling thread, since their buffers cost more than parsing a small tree; several documents may be
// open at once.
class JsonDocument {
 public:
  // Throws Error{corrupt} for anything but valid JSON in UTF-8.
  explicit JsonDocument(std::string_view json);
  ~JsonDocument();
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  // Throws Error{corrupt} unless the document is an object.
  simdjson::dom::object object(std::string_view document) const;

 private:
  struct Parser;
  static std::vector<std::unique_ptr<Parser>>& idle_parsers();
  std::unique_ptr<Parser> parser_;
  simdjson::dom::element root_;
};

// One value with the name that its error would carry. Each reader throws Error{corrupt} when the
// value has another type or does not fit. Views live as long as the document.
class JsonValue {
 public:
  JsonValue(simdjson::dom::element json, std::string_view document, std::string_view field)
      : json_(json), document_(document), field_(field) {}

  std::string_view text() const { return get<std::string_view>(); }
  simdjson::dom::array array() const { return get<simdjson::dom::array>(); }
  simdjson::dom::object object() const { return get<simdjson::dom::object>(); }
  bool boolean() const { return get<bool>(); }
  std::int64_t signed_number() const { return get<std::int64_t>(); }
  template <std::unsigned_integral T>
  T number() const {
    const auto value = get<std::uint64_t>();
    if (value > std::numeric_limits<T>::max()) fail();
    return static_cast<T>(value);
  }
  Timestamp time() const;
  Bytes base64() const;
  std::vector<std::string> texts() const;
  template <typename Id>
  Id id() const {
    const auto parsed = Id::parse(text());
    if (!parsed) fail();
    return *parsed;
  }
  // The same field's name for a part of it.
  JsonValue element(simdjson::dom::element json) const { return {json, document_, field_}; }
  const simdjson::dom::element& json() const { return json_; }
  [[noreturn]] void fail() const { throw_bad_field(document_, field_); }

 private:
  template <typename T>
  T get() const {
    T value;
    if (json_.get(value) != simdjson::SUCCESS) fail();
    return value;
  }

  simdjson::dom::element json_;
  std::string_view document_;
  std::string_view field_;
};

// How one field of a T is read.
template <typename T>
struct FieldRule {
  std::string_view name;
  void (*read)(T& out, const JsonValue& value);
};

// Reads the fields that have a rule, in any order. As in Go, null leaves a field as it is, unknown
// fields are passed over, and the last of several equal names wins. Fields are looked for from the
// one after the last on, so that a document in the usual order needs one comparison for each.
template <typename T, std::size_t kCount>
void read_fields(simdjson::dom::object object,
                 std::string_view document,
                 const std::array<FieldRule<T>, kCount>& rules,
                 T& out) {
  std::size_t next = 0;
  for (const auto& [key, value] : object) {
    for (std::size_t i = 0; i < kCount; ++i) {
      const std::size_t at = next + i < kCount ? next + i : next + i - kCount;
      if (rules[at].name != key) continue;
      if (!value.is_null()) rules[at].read(out, JsonValue(value, document, rules[at].name));
      next = at + 1;
      break;
    }
  }
}

}  // namespace hikae::format
