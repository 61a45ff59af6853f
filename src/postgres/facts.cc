// SPDX-License-Identifier: Apache-2.0
// The pure half of catalog.h.
#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/percent.h"
#include "postgres/catalog.h"

namespace hikae::postgres {
namespace {

constexpr std::string_view kDumpPrefix = "database-";
constexpr std::string_view kCustomSuffix = ".dump";
constexpr std::string_view kPlainSuffix = ".sql";

// "*" and "?" only; names of databases are few and short.
bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    for (std::size_t skip = 0; skip <= name.size(); ++skip)
      if (matches(pattern.substr(1), name.substr(skip))) return true;
    return false;
  }
  if (name.empty() || (pattern.front() != '?' && pattern.front() != name.front())) return false;
  return matches(pattern.substr(1), name.substr(1));
}

struct Word {
  std::string_view pattern;
  bool takes_back = false;
  bool is_plain = false;  // exactly one name
};

Word read_word(std::string_view word) {
  Word read;
  read.takes_back = word.starts_with('!');
  read.pattern = read.takes_back ? word.substr(1) : word;
  if (read.pattern == "all") read.pattern = "*";
  read.is_plain = read.pattern.find_first_of("*?") == std::string_view::npos;
  return read;
}

void write_database(JsonWriter& json, const DatabaseFacts& facts) {
  json.begin_object();
  json.member("name", facts.name).member("file", facts.file);
  json.member("bytes", facts.bytes).member("dump_bytes", facts.dump_bytes);
  json.member("owner", facts.owner).member("tablespace", facts.tablespace);
  json.member("encoding", facts.encoding);
  json.member("collate", facts.collate).member("ctype", facts.ctype);
  json.member("provider", facts.provider).member("locale", facts.locale);
  json.member("icu_rules", facts.icu_rules);
  json.member("collation_version", facts.collation_version);
  json.member("actual_collation_version", facts.actual_collation_version);
  json.member("large_objects", facts.large_objects);
  json.key("extensions").begin_array();
  for (const Extension& extension : facts.extensions) {
    json.begin_object();
    json.member("name", extension.name).member("version", extension.version);
    json.end_object();
  }
  json.end_array().key("tables").begin_array();
  for (const TableRows& table : facts.tables) {
    json.begin_object();
    json.member("schema", table.schema).member("name", table.table).member("rows", table.rows);
    json.end_object();
  }
  json.end_array().key("warnings").begin_array();
  for (const std::string& warning : facts.warnings) json.value(warning);
  json.end_array();
  if (!facts.properties.empty()) json.member("properties", facts.properties);
  json.end_object();
}

}  // namespace

std::vector<DatabaseEntry> choose_databases(const std::vector<DatabaseEntry>& all,
                                            const std::vector<std::string>& words) {
  for (const std::string& text_of_word : words) {
    const Word word = read_word(text_of_word);
    const bool there = std::any_of(
        all.begin(), all.end(), [&](const auto& entry) { return entry.name == word.pattern; });
    if (word.is_plain && !word.takes_back && !there) {
      throw Error(ErrorCode::not_found,
                  text("postgres.no_database", {{"database", std::string(word.pattern)}}))
          .with_hint(text("postgres.no_database_hint"));
    }
  }
  std::vector<DatabaseEntry> chosen;
  for (const DatabaseEntry& entry : all) {
    bool taken = false;
    bool by_name = false;
    for (const std::string& text_of_word : words) {
      const Word word = read_word(text_of_word);
      if (!matches(word.pattern, entry.name)) continue;
      taken = !word.takes_back;
      by_name = taken && word.is_plain;
    }
    if (!taken || (!entry.is_valid && !by_name)) continue;
    if (!entry.is_valid) {
      throw Error(ErrorCode::not_found,
                  text("postgres.database_invalid", {{"database", entry.name}}))
          .with_hint(text("postgres.database_invalid_hint", {{"database", entry.name}}));
    }
    if (!entry.allows_connections) {
      throw Error(ErrorCode::permission,
                  text("postgres.database_closed", {{"database", entry.name}}))
          .with_hint(text("postgres.database_closed_hint", {{"database", entry.name}}));
    }
    chosen.push_back(entry);
  }
  if (chosen.empty()) {
    throw Error(ErrorCode::empty_source, text("postgres.nothing_chosen"))
        .with_hint(text("postgres.no_database_hint"));
  }
  return chosen;
}

std::string encode_facts(const ClusterFacts& facts) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("server_version", facts.server_version);
  json.member("pg_dump_version", facts.dump_major);
  json.member("format", facts.format == DumpFormat::custom ? "custom" : "plain");
  json.member("system_identifier", facts.system_identifier);
  json.key("in_recovery").boolean(facts.in_recovery);
  json.key("databases").begin_array();
  for (const DatabaseFacts& database : facts.databases) write_database(json, database);
  json.end_array().end_object();
  return out;
}

std::string dump_file_name(const std::string& database, DumpFormat format) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string name(kDumpPrefix);
  for (const char c : database) {
    const auto byte = static_cast<unsigned char>(c);
    if (c != '/' && c != '%' && byte >= 0x20 && byte != 0x7F) {
      name += c;
    } else {
      name += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return name += format == DumpFormat::custom ? kCustomSuffix : kPlainSuffix;
}

std::optional<std::string> database_of_file(std::string_view file_name) {
  if (!file_name.starts_with(kDumpPrefix)) return std::nullopt;
  file_name.remove_prefix(kDumpPrefix.size());
  for (const std::string_view suffix : {kCustomSuffix, kPlainSuffix}) {
    if (file_name.ends_with(suffix))
      return percent_decoded(file_name.substr(0, file_name.size() - suffix.size()));
  }
  return std::nullopt;
}

}  // namespace hikae::postgres
