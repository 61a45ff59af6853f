// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "postgres/restore.h"

namespace hikae::postgres {
namespace {

const DatabaseFacts& facts_of(const ClusterFacts& facts, const std::string& database) {
  std::string names;
  for (const DatabaseFacts& entry : facts.databases) {
    if (entry.name == database) return entry;
    names += (names.empty() ? "" : ", ") + entry.name;
  }
  throw Error(ErrorCode::not_found, text("postgres.not_in_snapshot", {{"database", database}}))
      .with_hint(text("postgres.in_snapshot", {{"names", names}}));
}

RestoreStep::How decide(const std::vector<ExistingDatabase>& existing, const RestoreWish& wish) {
  for (const ExistingDatabase& entry : existing) {
    if (entry.name != wish.target) continue;
    if (entry.is_unfinished) return RestoreStep::How::make_anew;
    if (entry.is_empty) return RestoreStep::How::fill_empty;
    throw Error(ErrorCode::already_exists,
                text("postgres.target_not_empty", {{"database", wish.target}}))
        .with_hint(text("postgres.target_not_empty_hint", {{"database", wish.database}}));
  }
  return RestoreStep::How::create;
}

int major_of(std::string_view version) {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major;
}

// The name at the front, as SQL has it.
std::string name_at(std::string_view rest) {
  std::string name;
  if (!rest.starts_with('"')) return std::string(rest.substr(0, rest.find_first_of(" ;")));
  rest.remove_prefix(1);
  while (!rest.empty()) {
    if (rest.starts_with("\"\""))
      rest.remove_prefix(1);
    else if (rest.front() == '"')
      return name;
    name += rest.front();
    rest.remove_prefix(1);
  }
  return name;
}

// The role or tablespace that is there already and that the line would make or change.
std::optional<std::string> existing_at(std::string_view line, const ExistingGlobals& existing) {
  struct Begin {
    std::string_view words;
    const std::set<std::string>& names;
  };
  const std::array<Begin, 4> begins = {{{"CREATE ROLE ", existing.roles},
                                        {"ALTER ROLE ", existing.roles},
                                        {"CREATE TABLESPACE ", existing.tablespaces},
                                        {"ALTER TABLESPACE ", existing.tablespaces}}};
  for (const Begin& begin : begins) {
    if (!line.starts_with(begin.words)) continue;
    std::string name = name_at(line.substr(begin.words.size()));
    if (begin.names.count(name) != 0) return name;
  }
  return std::nullopt;
}

// As libpq quotes values for a server of any setting.
std::string literal(std::string_view value) {
  std::string quoted = value.find('\\') == std::string_view::npos ? "'" : "E'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

// "-- Name: DATABASE shop; Type: ACL; Schema: -; Owner: clerk"
bool is_of_database(std::string_view head) {
  return head.find("; Type: DATABASE PROPERTIES;") != std::string_view::npos ||
         (head.starts_with("-- Name: DATABASE ") &&
          (head.find("; Type: ACL;") != std::string_view::npos ||
           head.find("; Type: COMMENT;") != std::string_view::npos));
}

// A statement names the database once, quoted where it must be.
std::string renamed(std::string line, const std::string& database, const std::string& target) {
  for (const std::string& name : {Connection::quote_name(database), database}) {
    const std::string named = "DATABASE " + name + " ";
    const std::size_t at = line.find(named);
    if (at == std::string::npos) continue;
    return line.replace(at, named.size(), "DATABASE " + Connection::quote_name(target) + " ");
  }
  return line;
}

}  // namespace

RestoreWish parse_wish(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  RestoreWish wish{argument.substr(0, equals), argument.substr(0, equals)};
  if (equals != std::string::npos) wish.target = argument.substr(equals + 1);
  if (wish.database.empty() || wish.target.empty()) {
    throw Error(ErrorCode::invalid_argument, text("postgres.bad_wish", {{"argument", argument}}));
  }
  return wish;
}

std::vector<RestoreWish> wish_all(const ClusterFacts& facts) {
  std::vector<RestoreWish> wishes;
  for (const DatabaseFacts& database : facts.databases)
    wishes.push_back({database.name, database.name});
  return wishes;
}

std::vector<RestoreStep> plan_databases(const ClusterFacts& facts,
                                        const std::vector<RestoreWish>& wishes,
                                        const std::vector<ExistingDatabase>& existing,
                                        int server_major) {
  if (server_major < major_of(facts.server_version)) {
    throw Error(ErrorCode::unsupported,
                text("postgres.older_server",
                     {{"dumped", facts.server_version}, {"server", std::to_string(server_major)}}))
        .with_hint(text("postgres.older_server_hint"));
  }
  std::vector<RestoreStep> steps;
  std::set<std::string> targets;
  for (const RestoreWish& wish : wishes) {
    if (!targets.insert(wish.target).second) {
      throw Error(ErrorCode::invalid_argument,
                  text("postgres.target_twice", {{"database", wish.target}}));
    }
    steps.push_back({facts_of(facts, wish.database), wish.target, decide(existing, wish)});
  }
  return steps;
}

// template0 has nothing that the dump brings again, and takes any encoding.
std::string create_statement(const RestoreStep& step,
                             int server_major,
                             const std::set<std::string>& tablespaces) {
  constexpr int kWithProviders = 15;
  const DatabaseFacts& facts = step.facts;
  std::string sql = "CREATE DATABASE " + Connection::quote_name(step.target) +
                    " TEMPLATE template0 ENCODING " + literal(facts.encoding);
  if (!facts.collate.empty()) sql += " LC_COLLATE " + literal(facts.collate);
  if (!facts.ctype.empty()) sql += " LC_CTYPE " + literal(facts.ctype);
  if (facts.provider == "icu") {
    sql += " LOCALE_PROVIDER icu ICU_LOCALE " + literal(facts.locale);
    if (!facts.icu_rules.empty()) sql += " ICU_RULES " + literal(facts.icu_rules);
  } else if (facts.provider == "builtin") {
    sql += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + literal(facts.locale);
  } else if (server_major >= kWithProviders) {
    sql += " LOCALE_PROVIDER libc";
  }
  if (tablespaces.count(facts.tablespace) != 0)
    sql += " TABLESPACE " + Connection::quote_name(facts.tablespace);
  return sql;
}

GlobalsPlan plan_globals(std::string_view sql, const ExistingGlobals& existing) {
  GlobalsPlan plan;
  std::set<std::string> kept;
  while (!sql.empty()) {
    const std::size_t end = std::min(sql.find('\n'), sql.size() - 1);
    const std::string_view line = sql.substr(0, end + 1);
    sql.remove_prefix(end + 1);
    if (const auto name = existing_at(line, existing)) {
      kept.insert(*name);
    } else {
      plan.sql += line;
    }
  }
  plan.kept.assign(kept.begin(), kept.end());
  return plan;
}

std::string database_section(std::string_view sql) {
  std::string found;
  bool wanted = false;
  while (!sql.empty()) {
    const std::size_t end = std::min(sql.find('\n'), sql.size() - 1);
    const std::string_view line = sql.substr(0, end + 1);
    sql.remove_prefix(end + 1);
    if (line.starts_with("-- Name: ")) wanted = is_of_database(line);
    // Commands of psql: \connect, \restrict.
    if (wanted && !line.starts_with("\\")) found += line;
  }
  return found;
}

std::string database_properties(std::string_view sql,
                                const std::string& database,
                                const std::string& target) {
  std::string found;
  const std::string section = database_section(sql);
  std::string_view rest = section;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    const std::string_view line = rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
    if (!line.starts_with("--")) found += renamed(std::string(line), database, target);
  }
  return found.find_first_not_of('\n') == std::string::npos ? "" : found;
}

}  // namespace hikae::postgres
