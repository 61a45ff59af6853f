// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include "postgres/catalog.h"

namespace hikae::postgres {
namespace {

using simdjson::dom::element;

std::string text_in(const element& object, const char* name) {
  std::string_view value;
  if (object[name].get_string().get(value) != simdjson::SUCCESS) return {};
  return std::string(value);
}

std::uint64_t number_in(const element& object, const char* name) {
  std::uint64_t value = 0;
  if (object[name].get_uint64().get(value) != simdjson::SUCCESS) return 0;
  return value;
}

template <typename Take>
void each_in(const element& object, const char* name, Take take) {
  simdjson::dom::array items;
  if (object[name].get_array().get(items) != simdjson::SUCCESS) return;
  for (const element item : items) take(item);
}

DatabaseFacts parse_database(const element& object) {
  DatabaseFacts facts;
  facts.name = text_in(object, "name");
  facts.file = text_in(object, "file");
  facts.bytes = number_in(object, "bytes");
  facts.dump_bytes = number_in(object, "dump_bytes");
  facts.owner = text_in(object, "owner");
  facts.tablespace = text_in(object, "tablespace");
  facts.encoding = text_in(object, "encoding");
  facts.collate = text_in(object, "collate");
  facts.ctype = text_in(object, "ctype");
  facts.provider = text_in(object, "provider");
  facts.locale = text_in(object, "locale");
  facts.icu_rules = text_in(object, "icu_rules");
  facts.collation_version = text_in(object, "collation_version");
  facts.actual_collation_version = text_in(object, "actual_collation_version");
  facts.properties = text_in(object, "properties");
  facts.large_objects = number_in(object, "large_objects");
  each_in(object, "extensions", [&](const element& item) {
    facts.extensions.push_back({text_in(item, "name"), text_in(item, "version")});
  });
  each_in(object, "tables", [&](const element& item) {
    facts.tables.push_back(
        {text_in(item, "schema"), text_in(item, "name"), number_in(item, "rows")});
  });
  // A name leads to a file of the snapshot: no way out of its folder.
  if (facts.name.empty() || database_of_file(facts.file) != facts.name ||
      facts.file.find('/') != std::string::npos)
    throw Error(ErrorCode::corrupt, text("postgres.bad_facts"));
  return facts;
}

}  // namespace

ClusterFacts parse_facts(std::string_view json) {
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(simdjson::padded_string(json)).get(document) != simdjson::SUCCESS ||
      !document.is_object())
    throw Error(ErrorCode::corrupt, text("postgres.bad_facts"));
  ClusterFacts facts;
  facts.server_version = text_in(document, "server_version");
  facts.dump_major = static_cast<int>(number_in(document, "pg_dump_version"));
  facts.format = text_in(document, "format") == "plain" ? DumpFormat::plain : DumpFormat::custom;
  facts.system_identifier = text_in(document, "system_identifier");
  each_in(document, "databases", [&](const element& item) {
    facts.databases.push_back(parse_database(item));
  });
  return facts;
}

}  // namespace hikae::postgres
