// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/id.h"
#include "base/json.h"
#include "format/files.h"
#include "format/json_read.h"

namespace hikae::format {
namespace {

constexpr std::string_view kDocument = "config";

std::uint64_t read_polynomial(const JsonValue& value) {
  const std::string_view hex = value.text();
  std::uint64_t polynomial = 0;
  const char* const end = hex.data() + hex.size();
  const auto result = std::from_chars(hex.data(), end, polynomial, 16);
  if (result.ec != std::errc{} || result.ptr != end || polynomial == 0) value.fail();
  return polynomial;
}

constexpr std::array<FieldRule<Config>, 4> kFields = {{
    {"version", [](Config& c, const JsonValue& v) { c.version = v.number<std::uint32_t>(); }},
    {"id",
     [](Config& c, const JsonValue& v) {
       c.id = v.text();
       if (!Digest::parse(c.id)) v.fail();
     }},
    {"chunker_polynomial",
     [](Config& c, const JsonValue& v) { c.chunker_polynomial = read_polynomial(v); }},
    {"append_only", [](Config& c, const JsonValue& v) { c.append_only = v.boolean(); }},
}};

}  // namespace

std::string encode(const Config& config) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("version", config.version);
  json.member("id", config.id);
  json.member("chunker_polynomial", fmt::format("{:x}", config.chunker_polynomial));
  json.end_object();
  return out;
}

Config decode_config(std::string_view json) {
  const JsonDocument document(json);
  Config config;
  config.version = 0;
  read_fields(document.object(kDocument), kDocument, kFields, config);
  if (config.version > 2) {
    throw Error(ErrorCode::unsupported,
                text("format.config_version", {{"version", std::to_string(config.version)}}))
        .with_hint(text("format.config_version_hint"));
  }
  if (config.version == 0) throw_bad_field(kDocument, "version");
  if (config.id.empty()) throw_bad_field(kDocument, "id");
  if (config.chunker_polynomial == 0) throw_bad_field(kDocument, "chunker_polynomial");
  return config;
}

}  // namespace hikae::format
