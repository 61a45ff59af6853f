// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hikae {

// A wildcard pattern for one path component, with the rules of Go's filepath.Match: "*", "?",
// "[a-z]", "[^a-z]" and "\" before a character that is meant literally. Letters outside ASCII count
// as one character; bytes that are not UTF-8 count as one character each. Immutable.
class Glob {
 public:
  // nullopt if the pattern is malformed, for example for a "[" without its "]".
  static std::optional<Glob> compile(std::string_view pattern);

  // REQUIRES: `name` holds no "/".
  bool matches(std::string_view name) const {
    switch (kind_) {
      case Kind::literal:
        return name == text_;
      case Kind::prefix:
        return name.starts_with(text_);
      case Kind::suffix:
        return name.ends_with(text_);
      case Kind::anything:
        return true;
      case Kind::general:
        return matches_general(name);
    }
    return false;
  }

 private:
  enum class Kind { literal, prefix, suffix, anything, general };

  struct Token {
    enum class Kind { byte, any_character, character_class };
    Kind kind = Kind::byte;
    char byte = 0;
    bool negated = false;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;  // code points, both inclusive
  };
  // What stands between two stars.
  struct Chunk {
    bool after_star = false;
    std::vector<Token> tokens;
  };

  static bool parse_class(std::string_view& rest, Token& token);
  static bool parse_token(std::string_view& rest, Token& token);
  static std::optional<std::string_view> match_chunk(const Chunk& chunk, std::string_view name);
  void simplify();
  bool matches_general(std::string_view name) const;

  Kind kind_ = Kind::general;
  std::string text_;
  std::vector<Chunk> chunks_;
};

}  // namespace hikae
