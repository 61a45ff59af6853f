// SPDX-License-Identifier: Apache-2.0
#include "postgres/flat_json.h"

#include <charconv>
#include <cstdint>

namespace hikae::postgres {
namespace {

constexpr std::uint32_t kSurrogates = 0xD800;
constexpr std::uint32_t kSurrogatesEnd = 0xE000;

// Of the basic plane; the server escapes control characters only, and names go raw otherwise.
void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xE0U | code >> 12U);
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

class Scanner {
 public:
  explicit Scanner(std::string_view json) : rest_(json) {}

  void skip_space() {
    const std::size_t begin = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(begin == std::string_view::npos ? rest_.size() : begin);
  }
  bool take(char wanted) {
    skip_space();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_end() {
    skip_space();
    return rest_.empty();
  }

  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string value;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return value;
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      if (c != '\\') {
        value += c;
      } else if (!escape(value)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::optional<std::string> value() {
    skip_space();
    if (!rest_.empty() && rest_.front() == '"') return string();
    const std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (size == 0) return std::nullopt;
    std::string digits(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return digits;
  }

 private:
  bool escape(std::string& value) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == 'u') return unicode(value);
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t at = kNames.find(c);
    if (at == std::string_view::npos) return false;
    value += kMeanings[at];
    return true;
  }
  bool unicode(std::string& value) {
    if (rest_.size() < 4) return false;
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
    if (error != std::errc() || end != rest_.data() + 4) return false;
    if (code >= kSurrogates && code < kSurrogatesEnd) return false;
    rest_.remove_prefix(4);
    append_utf8(value, code);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<std::pair<std::string, std::string>>> parse_flat_json(
    std::string_view json) {
  Scanner scanner(json);
  std::vector<std::pair<std::string, std::string>> members;
  if (!scanner.take('{')) return std::nullopt;
  if (scanner.take('}')) return scanner.at_end() ? std::optional(members) : std::nullopt;
  do {
    std::optional<std::string> name = scanner.string();
    if (!name || !scanner.take(':')) return std::nullopt;
    std::optional<std::string> value = scanner.value();
    if (!value) return std::nullopt;
    members.emplace_back(std::move(*name), std::move(*value));
  } while (scanner.take(','));
  if (!scanner.take('}') || !scanner.at_end()) return std::nullopt;
  return members;
}

}  // namespace hikae::postgres
