// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace hikae::policy {

// The characters of a file by line, for places that a person can find in an editor. Does not own
// the text. Lines and byte columns that go in count from 0, as yaml-cpp's; places that come out
// count from 1, columns in characters.
class SourceText {
 public:
  explicit SourceText(std::string_view content);

  Place place(int line, int byte_column) const;
  // Where the text is not UTF-8 or holds a control character that YAML forbids.
  std::optional<Place> first_bad_character() const;
  // The first tab that indents a line, up to the given line.
  std::optional<Place> first_indenting_tab(int last_line) const;
  // False if a quoted text begins there and the file ends before its closing quote.
  bool quote_is_closed(int line, int byte_column) const;

 private:
  std::string_view line_at(int line) const;

  std::string_view content_;
  std::vector<std::size_t> starts_;
};

// The length of the UTF-8 sequence at `at`; 0 if it is not valid.
std::size_t utf8_length(std::string_view content, std::size_t at);

}  // namespace hikae::policy
