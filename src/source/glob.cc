// SPDX-License-Identifier: Apache-2.0
#include "source/glob.h"

#include <algorithm>

#include "source/unicode.h"

namespace hikae {
namespace {

// One end of a range inside "[…]"; nullopt if it is missing, not UTF-8, or the last thing of all.
std::optional<std::uint32_t> parse_class_character(std::string_view& rest) {
  if (rest.empty() || rest.front() == '-' || rest.front() == ']') return std::nullopt;
  if (rest.front() == '\\') {
    rest.remove_prefix(1);
    if (rest.empty()) return std::nullopt;
  }
  const DecodedCharacter character = decode_character(rest);
  rest.remove_prefix(character.size);
  if (!character.valid() || rest.empty()) return std::nullopt;
  return character.code_point;
}

}  // namespace

// `rest` begins after the "[" and ends up after the "]".
bool Glob::parse_class(std::string_view& rest, Token& token) {
  token.kind = Token::Kind::character_class;
  if (rest.starts_with('^')) {
    token.negated = true;
    rest.remove_prefix(1);
  }
  while (token.ranges.empty() || !rest.starts_with(']')) {
    const auto first = parse_class_character(rest);
    if (!first) return false;
    auto last = first;
    if (rest.front() == '-') {
      rest.remove_prefix(1);
      last = parse_class_character(rest);
      if (!last) return false;
    }
    token.ranges.emplace_back(*first, *last);
  }
  rest.remove_prefix(1);
  return true;
}

bool Glob::parse_token(std::string_view& rest, Token& token) {
  const char first = rest.front();
  rest.remove_prefix(1);
  if (first == '[') return parse_class(rest, token);
  if (first == '?') {
    token.kind = Token::Kind::any_character;
    return true;
  }
  token.byte = first;
  if (first != '\\') return true;
  if (rest.empty()) return false;
  token.byte = rest.front();
  rest.remove_prefix(1);
  return true;
}

std::optional<Glob> Glob::compile(std::string_view pattern) {
  Glob glob;
  bool begin_chunk = true;
  bool after_star = false;
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      pattern.remove_prefix(1);
      begin_chunk = true;
      after_star = true;
      continue;
    }
    Token token;
    if (!parse_token(pattern, token)) return std::nullopt;
    if (begin_chunk) {
      glob.chunks_.emplace_back().after_star = after_star;
      begin_chunk = false;
    }
    after_star = false;
    glob.chunks_.back().tokens.push_back(std::move(token));
  }
  if (after_star) glob.chunks_.emplace_back().after_star = true;
  glob.simplify();
  return glob;
}

// Nearly all patterns that people write are a name, "*.ext" or "prefix*".
void Glob::simplify() {
  if (chunks_.empty()) {
    kind_ = Kind::literal;
    return;
  }
  const auto literal = [](const Chunk& chunk) {
    return std::all_of(chunk.tokens.begin(), chunk.tokens.end(), [](const Token& token) {
      return token.kind == Token::Kind::byte;
    });
  };
  if (!std::all_of(chunks_.begin(), chunks_.end(), literal)) return;
  for (const Token& token : chunks_.front().tokens) text_ += token.byte;
  const bool one = chunks_.size() == 1;
  if (one && !chunks_.front().after_star) {
    kind_ = Kind::literal;
  } else if (one && text_.empty()) {
    kind_ = Kind::anything;
  } else if (one) {
    kind_ = Kind::suffix;
  } else if (chunks_.size() == 2 && !chunks_[0].after_star && chunks_[1].tokens.empty()) {
    kind_ = Kind::prefix;
  }
}

// The rest of `name` behind what the chunk matched at its beginning.
std::optional<std::string_view> Glob::match_chunk(const Chunk& chunk, std::string_view name) {
  for (const Token& token : chunk.tokens) {
    if (name.empty()) return std::nullopt;
    if (token.kind == Token::Kind::byte) {
      if (name.front() != token.byte) return std::nullopt;
      name.remove_prefix(1);
      continue;
    }
    const DecodedCharacter character = decode_character(name);
    name.remove_prefix(character.size);
    if (token.kind == Token::Kind::any_character) continue;
    const bool inside =
        std::any_of(token.ranges.begin(), token.ranges.end(), [&](const auto& range) {
          return range.first <= character.code_point && character.code_point <= range.second;
        });
    if (inside == token.negated) return std::nullopt;
  }
  return name;
}

// Each chunk takes the first place where it fits, byte by byte; only the last one must reach the
// end. Trying other places could only differ inside broken UTF-8, and there Go's answer counts.
bool Glob::matches_general(std::string_view name) const {
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const Chunk& chunk = chunks_[i];
    const bool last = i + 1 == chunks_.size();
    if (chunk.tokens.empty()) return true;  // a star at the end
    std::size_t skip = 0;
    for (;;) {
      const auto rest = match_chunk(chunk, name.substr(skip));
      if (rest && (!last || rest->empty())) {
        name = *rest;
        break;
      }
      if (!chunk.after_star || skip == name.size()) return false;
      ++skip;
    }
  }
  return name.empty();
}

}  // namespace hikae
