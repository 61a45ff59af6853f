// SPDX-License-Identifier: Apache-2.0
#include "policy/source_text.h"

#include <algorithm>

namespace hikae::policy {
namespace {

bool continues(std::string_view content, std::size_t at) {
  return at < content.size() && (static_cast<unsigned char>(content[at]) & 0xC0) == 0x80;
}

bool forbidden(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r');
}

// Overlong forms, surrogates and what lies beyond U+10FFFF show in the first two bytes.
bool second_byte_fits(unsigned char first, unsigned char second) {
  switch (first) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second < 0xA0;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second < 0x90;
    default:
      return true;
  }
}

}  // namespace

std::size_t utf8_length(std::string_view content, std::size_t at) {
  const auto first = static_cast<unsigned char>(content[at]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(content, at + i)) return 0;
  }
  return second_byte_fits(first, static_cast<unsigned char>(content[at + 1])) ? length : 0;
}

SourceText::SourceText(std::string_view content) : content_(content), starts_{0} {
  for (std::size_t at = 0; at < content.size(); ++at) {
    if (content[at] == '\n') starts_.push_back(at + 1);
  }
}

std::string_view SourceText::line_at(int line) const {
  const auto index = static_cast<std::size_t>(line);
  if (line < 0 || index >= starts_.size()) return {};
  const std::size_t end = index + 1 < starts_.size() ? starts_[index + 1] - 1 : content_.size();
  return content_.substr(starts_[index], end - starts_[index]);
}

Place SourceText::place(int line, int byte_column) const {
  const std::string_view before =
      line_at(line).substr(0, static_cast<std::size_t>(std::max(byte_column, 0)));
  const auto characters = std::count_if(before.begin(), before.end(), [](char character) {
    return (static_cast<unsigned char>(character) & 0xC0) != 0x80;
  });
  return {line + 1, static_cast<int>(characters) + 1};
}

std::optional<Place> SourceText::first_bad_character() const {
  int line = 0;
  for (std::size_t at = 0; at < content_.size();) {
    const std::size_t length = utf8_length(content_, at);
    if (length == 0 || forbidden(content_[at])) {
      return place(line, static_cast<int>(at - starts_[static_cast<std::size_t>(line)]));
    }
    if (content_[at] == '\n') ++line;
    at += length;
  }
  return std::nullopt;
}

std::optional<Place> SourceText::first_indenting_tab(int last_line) const {
  for (int line = 0; line <= last_line; ++line) {
    const std::string_view content = line_at(line);
    const std::size_t end = content.find_first_not_of(" \t\r");
    const std::size_t tab = content.find('\t');
    // A line of nothing but white space does no harm.
    if (end != std::string_view::npos && tab < end) return place(line, static_cast<int>(tab));
  }
  return std::nullopt;
}

bool SourceText::quote_is_closed(int line, int byte_column) const {
  std::size_t at = starts_[static_cast<std::size_t>(line)] + static_cast<std::size_t>(byte_column);
  if (at < content_.size() && content_[at] == '&') {  // an anchor before the quote
    at = content_.find_first_of("\"'", at);
  }
  if (at >= content_.size() || (content_[at] != '"' && content_[at] != '\'')) return true;
  const char quote = content_[at];
  for (++at; at < content_.size(); ++at) {
    if (quote == '"' && content_[at] == '\\') {
      ++at;
    } else if (content_[at] == quote) {
      if (quote == '"' || at + 1 >= content_.size() || content_[at + 1] != '\'') return true;
      ++at;
    }
  }
  return false;
}

}  // namespace hikae::policy
