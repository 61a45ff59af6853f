// SPDX-License-Identifier: Apache-2.0
#include "survey/shell_words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace hikae::survey {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
bool ends_word(char c) {
  return is_blank(c) || c == '\n' || c == ';' || c == '&' || c == '|' || c == '<' || c == '>' ||
         c == '(' || c == ')';
}
bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Words that begin or join commands and are none themselves.
bool is_structure(const std::string& word) {
  static constexpr std::array<std::string_view, 13> kWords = {
      "if", "then", "elif", "else", "fi", "do", "done", "while", "until", "esac", "{", "}", "!"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

class Parser {
 public:
  explicit Parser(std::string_view script) : script_(script) {}

  std::vector<ShellCommand> parse() && {
    while (at_ < script_.size()) step();
    end_command();
    return std::move(commands_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < script_.size() ? script_[at_ + ahead] : '\0';
  }
  char take() {
    const char c = script_[at_++];
    if (c == '\n') ++line_;
    return c;
  }

  void step() {
    const char c = peek();
    if (is_blank(c)) {
      ++at_;
    } else if (c == '\\' && peek(1) == '\n') {
      take();
      take();
    } else if (c == '\n') {
      take();
      end_command();
      skip_here_documents();
    } else if (c == '#') {
      while (at_ < script_.size() && peek() != '\n') ++at_;
    } else if (c == '|' && peek(1) != '|') {
      ++at_;
      command_.feeds_next = true;
      end_command();
    } else if (c == ';' || c == '&' || c == '|' || c == '(' || c == ')') {
      ++at_;
      // "&>" sends both outputs to a file.
      if (c == '&' && peek() == '>') return;
      end_command();
    } else if (c == '<' || c == '>') {
      redirection();
    } else {
      word();
    }
  }

  void redirection() {
    const bool is_output = take() == '>';
    if (!is_output && peek() == '<' && peek(1) != '<') return here_document();
    while (peek() == '>' || peek() == '<' || peek() == '|') ++at_;
    if (peek() == '&') {  // 2>&1
      ++at_;
      while (at_ < script_.size() && !ends_word(peek())) ++at_;
      return;
    }
    while (is_blank(peek())) ++at_;
    std::string target = at_ < script_.size() && !ends_word(peek()) ? read_word() : "";
    if (is_output && !target.empty() && target != "/dev/null")
      command_.outputs.push_back(std::move(target));
  }

  void here_document() {
    ++at_;
    if (peek() == '-') ++at_;
    while (is_blank(peek())) ++at_;
    if (at_ < script_.size() && !ends_word(peek())) here_ends_.push_back(read_word());
  }

  void skip_here_documents() {
    for (const std::string& end : here_ends_) {
      while (at_ < script_.size()) {
        const std::size_t stop = std::min(script_.find('\n', at_), script_.size());
        std::string_view text = script_.substr(at_, stop - at_);
        at_ = std::min(stop + 1, script_.size());
        ++line_;
        while (!text.empty() && text.front() == '\t') text.remove_prefix(1);
        if (text == end) break;
      }
    }
    here_ends_.clear();
  }

  void word() {
    if (command_.words.empty() && command_.outputs.empty()) command_.line = line_;
    std::string text = read_word();
    // The number of a descriptor in front of a redirection.
    const bool is_descriptor =
        text.size() == 1 && std::isdigit(static_cast<unsigned char>(text[0])) != 0;
    if (is_descriptor && (peek() == '>' || peek() == '<')) return;
    if (command_.words.empty() && is_structure(text)) return;
    command_.words.push_back(std::move(text));
  }

  std::string read_word() {
    std::string text;
    while (at_ < script_.size() && !ends_word(peek())) piece(text);
    return text;
  }

  void piece(std::string& text) {
    const char c = take();
    if (c == '\'') {
      while (at_ < script_.size() && peek() != '\'') text += take();
      if (at_ < script_.size()) ++at_;
    } else if (c == '"') {
      double_quoted(text);
    } else if (c == '\\') {
      if (at_ >= script_.size()) return;
      const char next = take();
      if (next != '\n') text += next;
    } else if (c == '$' && (peek() == '(' || peek() == '{')) {
      text += c;
      nested(text);
    } else if (c == '`') {
      text += c;
      while (at_ < script_.size() && peek() != '`') text += take();
      if (at_ < script_.size()) text += take();
    } else {
      text += c;
    }
  }

  void double_quoted(std::string& text) {
    while (at_ < script_.size() && peek() != '"') {
      const char c = take();
      if (c == '\\' && at_ < script_.size()) {
        const char next = take();
        if (next == '\n') continue;
        if (next != '"' && next != '\\' && next != '$' && next != '`') text += c;
        text += next;
      } else if (c == '$' && (peek() == '(' || peek() == '{')) {
        text += c;
        nested(text);
      } else {
        text += c;
      }
    }
    if (at_ < script_.size()) ++at_;
  }

  // "(date +%F)" or "{NAME}" up to its end, whatever stands inside.
  void nested(std::string& text) {
    int depth = 0;
    while (at_ < script_.size()) {
      const char c = take();
      text += c;
      if (c == '(' || c == '{') ++depth;
      if (c == ')' || c == '}') --depth;
      if (depth == 0) return;
    }
  }

  void end_command() {
    if (!command_.words.empty() || !command_.outputs.empty())
      commands_.push_back(std::move(command_));
    command_ = {};
    command_.line = line_;
  }

  std::string_view script_;
  std::size_t at_ = 0;
  int line_ = 1;
  ShellCommand command_;
  std::vector<std::string> here_ends_;
  std::vector<ShellCommand> commands_;
};

}  // namespace

std::vector<ShellCommand> parse_shell(std::string_view script) {
  return Parser(script).parse();
}

std::string expand(std::string_view word, const ShellVariables& variables) {
  std::string out;
  for (std::size_t at = 0; at < word.size();) {
    if (word[at] != '$') {
      out += word[at++];
      continue;
    }
    const bool braced = at + 1 < word.size() && word[at + 1] == '{';
    const std::size_t begin = at + (braced ? 2 : 1);
    std::size_t end = begin;
    while (end < word.size() && is_name_character(word[end])) ++end;
    const auto known = variables.find(word.substr(begin, end - begin));
    const bool is_closed = !braced || (end < word.size() && word[end] == '}');
    if (end == begin || known == variables.end() || !is_closed) {
      out += word[at++];
      continue;
    }
    out += known->second;
    at = end + (braced ? 1 : 0);
  }
  return out;
}

}  // namespace hikae::survey
