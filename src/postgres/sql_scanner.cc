// SPDX-License-Identifier: Apache-2.0
#include "postgres/sql_scanner.h"

#include <algorithm>

namespace hikae::postgres {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_in_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9') || c == '$';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t name_length(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_in_name);
  return static_cast<std::size_t>(end - text.begin());
}

// With its quotes; all there is when the last one is missing.
std::size_t quoted_length(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size()) {
    if (text[at] != '"') {
      ++at;
    } else if (text.substr(at).starts_with("\"\"")) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return text.size();
}

}  // namespace

std::optional<SqlScanner::Part> SqlScanner::read(std::string_view& rest) {
  for (std::size_t at = 0; at < rest.size(); ++at) {
    const auto ended = take(rest[at]);
    if (!ended) continue;
    rest.remove_prefix(at + 1);
    return ended;
  }
  rest = {};
  return std::nullopt;
}

// pg_dump and pg_dumpall say it in these words alone.
void SqlScanner::follow(std::string_view statement) {
  if (statement == "SET standard_conforming_strings = off;") plain_escapes_ = true;
  if (statement == "SET standard_conforming_strings = on;") plain_escapes_ = false;
}

std::optional<SqlScanner::Part> SqlScanner::take(char c) {
  std::optional<Part> ended;
  paired_ = false;
  switch (state_) {
    case State::outside:
      ended = take_outside(c);
      break;
    case State::string:
      take_string(c);
      break;
    case State::name:
      if (c == '"') state_ = State::outside;
      break;
    case State::tag:
      ended = take_tag(c);
      break;
    case State::body:
      take_body(c);
      break;
    case State::line_comment:
      if (c == '\n') {
        state_ = State::outside;
        if (alone_) ended = end_part(Part::comment);
      }
      break;
    case State::block_comment:
      ended = take_block_comment(c);
      break;
    case State::command:
      if (c == '\n') ended = end_part(Part::command);
      break;
  }
  before_last_ = ended ? '\0' : last_;
  last_ = ended || paired_ ? '\0' : c;
  return ended;
}

std::optional<SqlScanner::Part> SqlScanner::take_outside(char c) {
  // 'it''s': the second quote goes on with the string that the first seemed to end.
  const bool goes_on = was_string_ && c == '\'';
  was_string_ = false;
  if (is_space(c)) return std::nullopt;
  ++length_;
  // Two signs that begin a comment; before a statement it stands by itself.
  alone_ = length_ == 2;
  if (c == '-' && last_ == '-') {
    state_ = State::line_comment;
  } else if (c == '*' && last_ == '/') {
    state_ = State::block_comment;
    depth_ = 1;
    paired_ = true;
  } else if (c == '\'') {
    if (!goes_on) begin_string();
    state_ = State::string;
  } else if (c == '"') {
    state_ = State::name;
  } else if (c == '$' && !is_in_name(last_)) {
    state_ = State::tag;
    tag_.clear();
  } else if (c == '\\' && length_ == 1) {
    state_ = State::command;
  } else if (c == '(') {
    ++parentheses_;
  } else if (c == ')') {
    --parentheses_;
  } else if (c == ';' && parentheses_ <= 0) {
    return end_part(Part::statement);
  }
  return std::nullopt;
}

void SqlScanner::begin_string() {
  const bool marked = (last_ == 'E' || last_ == 'e') && !is_in_name(before_last_);
  escapes_ = marked || plain_escapes_;
  escaped_ = false;
}

void SqlScanner::take_string(char c) {
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\' && escapes_) {
    escaped_ = true;
  } else if (c == '\'') {
    state_ = State::outside;
    was_string_ = true;
  }
}

// "$1" and "$a b" are no quotes.
std::optional<SqlScanner::Part> SqlScanner::take_tag(char c) {
  if (c == '$') {
    state_ = State::body;
    may_close_ = false;
  } else if (begins_name(c) || (!tag_.empty() && is_in_name(c))) {
    tag_ += c;
  } else {
    state_ = State::outside;
    return take_outside(c);
  }
  return std::nullopt;
}

void SqlScanner::take_body(char c) {
  if (c == '$') {
    if (may_close_ && closing_ == tag_) state_ = State::outside;
    may_close_ = true;
    closing_.clear();
  } else if (may_close_) {
    closing_ += c;
    may_close_ = closing_.size() <= tag_.size();
  }
}

std::optional<SqlScanner::Part> SqlScanner::take_block_comment(char c) {
  const bool begins = c == '*' && last_ == '/';
  const bool ends = c == '/' && last_ == '*';
  paired_ = begins || ends;
  if (begins) ++depth_;
  if (!ends || --depth_ > 0) return std::nullopt;
  state_ = State::outside;
  if (alone_) return end_part(Part::comment);
  return std::nullopt;
}

std::optional<SqlScanner::Part> SqlScanner::end_part(Part part) {
  state_ = State::outside;
  length_ = 0;
  parentheses_ = 0;
  return part;
}

std::vector<SqlPart> split_sql(std::string_view sql) {
  std::vector<SqlPart> parts;
  SqlScanner scanner;
  while (!sql.empty()) {
    const std::string_view whole = sql;
    const auto ended = scanner.read(sql);
    if (!ended) break;
    parts.push_back({*ended, trimmed(whole.substr(0, whole.size() - sql.size()))});
    scanner.follow(parts.back().text);
  }
  return parts;
}

std::string SqlToken::name() const {
  if (kind != Kind::quoted_name) return std::string(text);
  std::string name;
  for (std::size_t at = 1; at + 1 < text.size(); ++at) {
    if (text[at] == '"') ++at;
    name += text[at];
  }
  return name;
}

std::vector<SqlToken> first_tokens(std::string_view statement) {
  std::vector<SqlToken> tokens;
  while (true) {
    statement = trimmed(statement);
    if (statement.empty() || statement.front() == '\'') return tokens;
    SqlToken token{SqlToken::Kind::sign, statement.substr(0, 1)};
    if (statement.front() == '"') {
      token = {SqlToken::Kind::quoted_name, statement.substr(0, quoted_length(statement))};
    } else if (begins_name(statement.front())) {
      token = {SqlToken::Kind::word, statement.substr(0, name_length(statement))};
    }
    tokens.push_back(token);
    statement.remove_prefix(token.text.size());
  }
}

}  // namespace hikae::postgres
