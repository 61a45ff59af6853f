// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// SQL as psql takes it apart (PostgreSQL's manual, 4.1 "Lexical Structure"): what stands in a
// string, a quoted name, a dollar-quoted body or a comment begins and ends nothing.
namespace hikae::postgres {

// Where the parts of a stream of SQL end. Pure; takes pieces of any size.
class SqlScanner {
 public:
  enum class Part {
    statement,  // to its semicolon
    comment,    // before a statement, to the end of its line or its "*/"
    command,    // of psql, to the end of its line: \connect
  };
  // Takes from the front of `rest` what belongs to the part that is being read, white space before
  // it too. The part that ends there; nullopt when `rest` is read and the part goes on.
  std::optional<Part> read(std::string_view& rest);

  // Nothing is begun: no statement, no string, no comment.
  bool is_between() const { return state_ == State::outside && length_ == 0; }
  // A statement may say how the strings behind it are written (standard_conforming_strings).
  void follow(std::string_view statement);

 private:
  enum class State { outside, string, name, tag, body, line_comment, block_comment, command };

  std::optional<Part> take(char c);
  std::optional<Part> take_outside(char c);
  void take_string(char c);
  std::optional<Part> take_tag(char c);
  void take_body(char c);
  std::optional<Part> take_block_comment(char c);
  void begin_string();
  std::optional<Part> end_part(Part part);

  State state_ = State::outside;
  std::size_t length_ = 0;  // of the part so far, without white space
  char last_ = 0;           // the character before
  char before_last_ = 0;
  bool plain_escapes_ = false;  // a backslash means something in '…'
  bool escapes_ = false;        // and in the string at hand
  bool escaped_ = false;        // the next character is what it is
  bool was_string_ = false;     // the character before ended a string
  bool paired_ = false;         // the character at hand and the one before were "/*" or "*/"
  bool alone_ = false;          // the comment at hand is no part of a statement
  int depth_ = 0;               // of comments in comments
  int parentheses_ = 0;
  std::string tag_;      // of the dollar-quoted body: "" or "name"
  std::string closing_;  // what may become its end
  bool may_close_ = false;
};

struct SqlPart {
  SqlScanner::Part kind = SqlScanner::Part::statement;
  std::string_view text;  // without white space around it
};
// The parts of a whole text, into which they point. What is begun and not ended is left out. Pure.
std::vector<SqlPart> split_sql(std::string_view sql);

// Words, names and signs at the front of a statement, up to its first string. A quoted name is no
// keyword: "TO". Pure.
struct SqlToken {
  enum class Kind { word, quoted_name, sign } kind = Kind::word;
  std::string_view text;  // as it stands there
  std::string name() const;
  bool is(std::string_view keyword) const { return kind == Kind::word && text == keyword; }
};
std::vector<SqlToken> first_tokens(std::string_view statement);

}  // namespace hikae::postgres
