// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hikae {

// Appends `text` as a JSON string with quotes, in the bytes that Go's encoding/json writes (1.22
// and newer): < > & and U+2028, U+2029 as \u00XX, \b \f \n \r \t, other control characters as
// \u00xx, invalid UTF-8 as \ufffd, 0x7f as it is. restic's tree ids depend on it.
void append_json_string(std::string& out, std::string_view text);

// Writes one JSON document without spaces. Commas are placed by the writer; the caller balances
// begin and end.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint32_t number) { return value(std::uint64_t{number}); }
  JsonWriter& value(std::int32_t number) { return value(std::int64_t{number}); }
  JsonWriter& value(double number);
  JsonWriter& boolean(bool flag);
  JsonWriter& null();
  // A value that is JSON already.
  JsonWriter& raw(std::string_view json);

  template <typename T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

 private:
  void separate();
  std::string& out_;
  bool first_ = true;
};

}  // namespace hikae
