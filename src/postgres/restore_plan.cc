// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "postgres/restore.h"
#include "postgres/sql_scanner.h"

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

RestoreStep decide(const DatabaseFacts& facts,
                   const std::vector<ExistingDatabase>& existing,
                   const RestoreWish& wish,
                   IfExists if_exists) {
  RestoreStep step{facts, wish.target, RestoreStep::How::create, {}};
  for (const ExistingDatabase& entry : existing) {
    if (entry.name != wish.target) continue;
    if (entry.is_half_filled && !entry.is_empty) {
      throw Error(ErrorCode::already_exists,
                  text("postgres.target_half", {{"database", wish.target}}))
          .with_hint(text("postgres.target_half_hint", {{"database", wish.target}}));
    }
    step.how = entry.is_unfinished ? RestoreStep::How::make_anew
               : entry.is_empty    ? RestoreStep::How::fill_empty
                                   : RestoreStep::How::skip;
    step.there = entry.facts;
    if (step.how != RestoreStep::How::skip || if_exists == IfExists::skip) return step;
    throw Error(ErrorCode::already_exists,
                text("postgres.target_not_empty", {{"database", wish.target}}))
        .with_hint(text("postgres.target_not_empty_hint", {{"database", wish.database}}));
  }
  return step;
}

int major_of(std::string_view version) {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major;
}

// The token behind the first such keyword; nullptr when there is none.
const SqlToken* behind(const std::vector<SqlToken>& tokens, std::string_view keyword) {
  for (std::size_t at = 0; at + 1 < tokens.size(); ++at)
    if (tokens[at].is(keyword)) return &tokens[at + 1];
  return nullptr;
}

std::optional<GlobalName> role_of(const SqlToken* token) {
  if (token == nullptr) return std::nullopt;
  return GlobalName{GlobalName::Kind::role, token->name()};
}

// The tablespace that the statement makes, changes or grants; else the role that it makes, changes
// or gives something to.
std::optional<GlobalName> subject_of(const std::vector<SqlToken>& tokens) {
  if (tokens.empty()) return std::nullopt;
  if (const SqlToken* const tablespace = behind(tokens, "TABLESPACE"))
    return GlobalName{GlobalName::Kind::tablespace, tablespace->name()};
  if (tokens.front().is("GRANT")) return role_of(behind(tokens, "TO"));
  if (tokens.front().is("REVOKE")) return role_of(behind(tokens, "FROM"));
  return role_of(behind(tokens, "ROLE"));
}

// What the statement makes: CREATE ROLE clerk.
std::optional<GlobalName> made_by(const std::vector<SqlToken>& tokens) {
  if (tokens.size() < 3 || !tokens.front().is("CREATE")) return std::nullopt;
  if (tokens[1].is("ROLE")) return GlobalName{GlobalName::Kind::role, tokens[2].name()};
  if (tokens[1].is("TABLESPACE")) return GlobalName{GlobalName::Kind::tablespace, tokens[2].name()};
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

// Where the name of the database is that the statement sets, grants or comments: ALTER DATABASE
// shop SET, ALTER ROLE clerk IN DATABASE shop SET, COMMENT ON DATABASE shop IS, GRANT CONNECT ON
// DATABASE shop TO. The statement's own words say so, no comment before it and no text within it.
std::optional<std::size_t> database_in(const std::vector<SqlToken>& tokens) {
  constexpr std::array<std::string_view, 5> kVerbs = {
      "ALTER", "COMMENT", "GRANT", "REVOKE", "SECURITY"};
  const SqlToken* const name = behind(tokens, "DATABASE");
  if (name == nullptr || std::none_of(kVerbs.begin(), kVerbs.end(), [&](auto verb) {
        return tokens.front().is(verb);
      }))
    return std::nullopt;
  const auto at = static_cast<std::size_t>(name - tokens.data());
  const SqlToken& before = tokens[at - 2];
  if (before.is("ON") || before.is("IN")) return at;
  // Who restores decides who owns it, before it is filled.
  const bool alters = at == 2 && before.is("ALTER");
  const bool gives_away = at + 1 < tokens.size() && tokens[at + 1].is("OWNER");
  return alters && !gives_away ? std::optional(at) : std::nullopt;
}

bool begin_with(const std::vector<SqlToken>& tokens,
                std::initializer_list<std::string_view> words) {
  return tokens.size() > words.size() &&
         std::equal(words.begin(), words.end(), tokens.begin(), [](auto word, const auto& token) {
           return token.is(word);
         });
}

// In whose name the statements are given: a right may be granted by another than its owner.
class Granter {
 public:
  // Whether it was a statement that says so.
  bool follow(std::string_view statement, const std::vector<SqlToken>& tokens) {
    if (begin_with(tokens, {"SET", "SESSION", "AUTHORIZATION"})) {
      set_ = statement;
    } else if (begin_with(tokens, {"RESET", "SESSION", "AUTHORIZATION"})) {
      set_ = {};
    } else {
      return false;
    }
    return true;
  }
  std::string around(std::string statement) const {
    statement += "\n";
    if (set_.empty()) return statement;
    return std::string(set_) + "\n" + statement + "RESET SESSION AUTHORIZATION;\n";
  }

 private:
  std::string_view set_;
};

// How what follows is to be read.
bool is_setting(const std::vector<SqlToken>& tokens) {
  return tokens.size() > 1 && tokens.front().is("SET") && !tokens[1].is("SESSION");
}

// The statements about a database, and what must stand around them.
class DatabaseStatements {
 public:
  DatabaseStatements(const std::string& database, const std::string& target, Owners owners)
      : database_(database), target_(Connection::quote_name(target)), owners_(owners) {}

  void add(std::string_view statement) {
    const std::vector<SqlToken> tokens = first_tokens(statement);
    if (begin_with(tokens, {"SET", "client_encoding"}) ||
        begin_with(tokens, {"SET", "standard_conforming_strings"})) {
      settings_.append(statement).append("\n");
    }
    if (granter_.follow(statement, tokens)) return;
    const auto at = database_in(tokens);
    if (!at || tokens[*at].name() != database_) return;
    const bool names_role = tokens.front().is("GRANT") || tokens.front().is("REVOKE") ||
                            begin_with(tokens, {"ALTER", "ROLE"});
    if (owners_ == Owners::keep || !names_role) add_renamed(statement, tokens[*at].text);
  }
  std::string all() const { return found_.empty() ? "" : settings_ + found_; }

 private:
  void add_renamed(std::string_view statement, std::string_view name) {
    const auto at = static_cast<std::size_t>(name.data() - statement.data());
    std::string renamed(statement.substr(0, at));
    renamed.append(target_).append(statement.substr(at + name.size()));
    found_ += granter_.around(std::move(renamed));
  }

  const std::string& database_;
  std::string target_;
  Owners owners_;
  Granter granter_;
  std::string settings_;
  std::string found_;
};

// A script in which what fails can be given again.
class GlobalsScript {
 public:
  void add_setting(std::string_view statement) { settings_.append(statement).append("\n"); }
  void add(const GlobalName& subject, const std::string& statement) {
    if (subject.kind == GlobalName::Kind::role) {
      roles_ += statement;
      return;
    }
    const auto [known, is_new] = numbers_.emplace(subject.name, tablespaces_.size());
    if (is_new) tablespaces_.emplace_back();
    std::string& of_it = tablespaces_[known->second];
    // CREATE TABLESPACE stands alone, as the server wants it.
    of_it += of_it.empty() ? statement + "BEGIN;\n" : statement;
  }
  std::string all() const {
    std::string sql = settings_;
    if (!roles_.empty()) sql += "BEGIN;\n" + roles_ + "COMMIT;\n";
    for (const std::string& tablespace : tablespaces_) sql += tablespace + "COMMIT;\n";
    return sql;
  }

 private:
  std::string settings_;
  std::string roles_;
  std::vector<std::string> tablespaces_;
  std::map<std::string, std::size_t> numbers_;
};

}  // namespace

RestoreWish parse_wish(const std::string& argument, const ClusterFacts& facts) {
  std::size_t equals = argument.find('=');
  // The longest name of the snapshot that fits: "a=b" itself, or "a=b" to a new name.
  for (const DatabaseFacts& database : facts.databases) {
    const std::string& name = database.name;
    if (name == argument) return {name, name};
    if (name.find('=') != std::string::npos && argument.starts_with(name + "="))
      equals = std::max(equals, name.size());
  }
  RestoreWish wish{argument.substr(0, equals), argument.substr(0, equals)};
  if (equals != std::string::npos) wish.target = argument.substr(equals + 1);
  if (wish.database.empty() || wish.target.empty()) {
    throw Error(ErrorCode::invalid_argument, text("postgres.bad_wish", {{"argument", argument}}));
  }
  constexpr std::size_t kLongestName = 63;  // NAMEDATALEN - 1: the server cuts longer ones
  if (wish.target.size() > kLongestName) {
    throw Error(ErrorCode::invalid_argument,
                text("postgres.name_too_long",
                     {{"name", wish.target}, {"bytes", std::to_string(wish.target.size())}}));
  }
  if (wish.target != wish.database && (wish.target == "template0" || wish.target == "template1")) {
    throw Error(ErrorCode::invalid_argument,
                text("postgres.target_template", {{"database", wish.target}}));
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
                                        int server_major,
                                        IfExists if_exists) {
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
    steps.push_back(decide(facts_of(facts, wish.database), existing, wish, if_exists));
  }
  return steps;
}

std::optional<Text> other_locale(const RestoreStep& step) {
  if (step.how != RestoreStep::How::fill_empty) return std::nullopt;
  const auto words_of = [](const DatabaseFacts& facts) {
    std::string words = facts.encoding + ", " + facts.collate;
    if (facts.ctype != facts.collate) words += " / " + facts.ctype;
    if (facts.provider != "libc") words += ", " + facts.provider + " " + facts.locale;
    return words;
  };
  const std::string there = words_of(step.there);
  const std::string dumped = words_of(step.facts);
  if (there == dumped) return std::nullopt;
  return text("postgres.other_locale",
              {{"database", step.target}, {"there", there}, {"dumped", dumped}});
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

GlobalsPlan plan_globals(std::string_view sql,
                         const ExistingGlobals& existing,
                         Tablespaces tablespaces) {
  GlobalsPlan plan;
  std::set<GlobalName> kept;
  GlobalsScript script;
  Granter granter;
  for (const SqlPart& part : split_sql(sql)) {
    // psql's own commands make nothing.
    if (part.kind != SqlScanner::Part::statement) continue;
    const std::vector<SqlToken> tokens = first_tokens(part.text);
    if (granter.follow(part.text, tokens)) continue;
    if (is_setting(tokens)) script.add_setting(part.text);
    const auto subject = subject_of(tokens);
    if (!subject) continue;
    const bool is_role = subject->kind == GlobalName::Kind::role;
    if (!is_role && tablespaces == Tablespaces::ignore) continue;
    if ((is_role ? existing.roles : existing.tablespaces).count(subject->name) != 0) {
      kept.insert(*subject);
      continue;
    }
    if (const auto made = made_by(tokens)) plan.made.push_back(*made);
    script.add(*subject, granter.around(std::string(part.text)));
  }
  plan.sql = script.all();
  plan.kept.assign(kept.begin(), kept.end());
  return plan;
}

std::string database_properties(std::string_view sql,
                                const std::string& database,
                                const std::string& target,
                                Owners owners) {
  DatabaseStatements statements(database, target, owners);
  for (const SqlPart& part : split_sql(sql))
    if (part.kind == SqlScanner::Part::statement) statements.add(part.text);
  return statements.all();
}

}  // namespace hikae::postgres
