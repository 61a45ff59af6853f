// SPDX-License-Identifier: Apache-2.0
#include "format/raw_json.h"

#include <algorithm>

namespace hikae::format {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// Walks over JSON that is known to be valid. Each step is bounded all the same, so that a mistake
// ends in an empty view and never outside the text.
class Cursor {
 public:
  explicit Cursor(std::string_view json) : rest_(json) {}

  // Moves past `c` if it comes next.
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // The next value with quotes or brackets, without spaces around it.
  std::string_view value() {
    skip_space();
    if (rest_.empty()) return {};
    std::size_t length;
    if (rest_.front() == '"') {
      length = string_length(rest_);
    } else if (rest_.front() == '{' || rest_.front() == '[') {
      length = nested_length();
    } else {
      length = std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size());
    }
    const std::string_view text = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return text;
  }
  // Calls `visit(key)` for each member of the object that comes next; it must consume the value.
  template <typename Visit>
  void members(const Visit& visit) {
    if (!take('{') || take('}')) return;
    do {
      std::string_view key = value();
      if (key.size() >= 2) key = key.substr(1, key.size() - 2);
      if (!take(':')) return;
      visit(key);
    } while (take(','));
    take('}');
  }
  template <typename Visit>
  void elements(const Visit& visit) {
    if (!take('[') || take(']')) return;
    do {
      visit();
    } while (take(','));
    take(']');
  }

 private:
  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
  }

  static std::size_t string_length(std::string_view text) {
    std::size_t at = 1;
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    return std::min(at + 1, text.size());
  }

  std::size_t nested_length() const {
    std::size_t depth = 0;
    std::size_t at = 0;
    while (at < rest_.size()) {
      const char c = rest_[at];
      if (c == '"') {
        at += string_length(rest_.substr(at));
        continue;
      }
      ++at;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) break;
    }
    return at;
  }

  std::string_view rest_;
};

}  // namespace

std::vector<std::string_view> raw_members(std::string_view json,
                                          std::string_view list,
                                          std::string_view member) {
  std::vector<std::string_view> found;
  Cursor cursor(json);
  bool is_found = false;
  const auto read_element = [&] {
    std::string_view text;
    cursor.members([&](std::string_view key) {
      const std::string_view value = cursor.value();
      if (key == member && value != "null") text = value;
    });
    found.push_back(text);
  };
  cursor.members([&](std::string_view key) {
    // Of several lists of that name, the first counts, as it does for the DOM.
    if (key != list || is_found) {
      cursor.value();
      return;
    }
    is_found = true;
    cursor.elements(read_element);
  });
  return found;
}

}  // namespace hikae::format
