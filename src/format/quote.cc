// SPDX-License-Identifier: Apache-2.0
// Go's strconv.Quote and Unquote for double quotes, without the quotes.
#include <algorithm>
#include <array>

#include "format/node.h"
#include "format/unicode_print.h"

namespace hikae::format {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

void append_code(std::string& out, char kind, std::uint32_t value, int digits) {
  out += '\\';
  out += kind;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 15];
}

// The letter that stands for a control character, or 0.
char short_escape(char c) {
  switch (c) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    default:
      return 0;
  }
}

void append_quoted_ascii(std::string& out, char c) {
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c >= 0x20 && c < 0x7f) {
    out += c;
  } else if (const char letter = short_escape(c); letter != 0) {
    out += '\\';
    out += letter;
  } else {
    append_code(out, 'x', static_cast<unsigned char>(c), 2);
  }
}

void append_utf8(std::string& out, std::uint32_t rune) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (rune < 0x80) {
    put(rune);
  } else if (rune < 0x800) {
    put(0xc0 | (rune >> 6));
    put(0x80 | (rune & 0x3f));
  } else if (rune < 0x10000) {
    put(0xe0 | (rune >> 12));
    put(0x80 | ((rune >> 6) & 0x3f));
    put(0x80 | (rune & 0x3f));
  } else {
    put(0xf0 | (rune >> 18));
    put(0x80 | ((rune >> 12) & 0x3f));
    put(0x80 | ((rune >> 6) & 0x3f));
    put(0x80 | (rune & 0x3f));
  }
}

// Digits of the given base at the front of `text`.
std::optional<std::uint32_t> number(std::string_view text, std::size_t digits, std::uint32_t base) {
  if (text.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, digits)) {
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

bool unescape_byte(std::string_view digits, std::uint32_t base, std::string& out) {
  const auto value = number(digits, base == 8 ? 3 : 2, base);
  if (!value || *value > 0xff) return false;
  out += static_cast<char>(*value);
  return true;
}

bool unescape_rune(std::string_view digits, std::size_t count, std::string& out) {
  const auto value = number(digits, count, 16);
  if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)) return false;
  append_utf8(out, *value);
  return true;
}

// One escape sequence at the front of `text` (which begins with the backslash). Returns the number
// of characters that it takes, 0 if it is not valid.
std::size_t unescape(std::string_view text, std::string& out) {
  if (text.size() < 2) return 0;
  const char kind = text[1];
  constexpr std::string_view kLetters = "abfnrtv\\\"";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"";
  if (const std::size_t at = kLetters.find(kind); at != std::string_view::npos) {
    out += kMeanings[at];
    return 2;
  }
  const std::string_view digits = text.substr(2);
  if (kind == 'x') return unescape_byte(digits, 16, out) ? 4 : 0;
  if (kind == 'u') return unescape_rune(digits, 4, out) ? 6 : 0;
  if (kind == 'U') return unescape_rune(digits, 8, out) ? 10 : 0;
  return unescape_byte(text.substr(1), 8, out) ? 4 : 0;
}

}  // namespace

std::string quote_name(std::string_view raw) {
  std::string out;
  out.reserve(raw.size() + raw.size() / 4);
  std::size_t at = 0;
  while (at < raw.size()) {
    const Rune rune = decode_rune(raw, at);
    if (rune.length == 0) {
      append_code(out, 'x', static_cast<unsigned char>(raw[at]), 2);
      ++at;
      continue;
    }
    if (rune.length == 1) {
      append_quoted_ascii(out, raw[at]);
    } else if (is_printable(rune.value)) {
      out.append(raw, at, rune.length);
    } else if (rune.value < 0x10000) {
      append_code(out, 'u', rune.value, 4);
    } else {
      append_code(out, 'U', rune.value, 8);
    }
    at += rune.length;
  }
  return out;
}

std::optional<std::string> unquote_name(std::string_view quoted) {
  std::string out;
  out.reserve(quoted.size());
  while (!quoted.empty()) {
    const std::size_t plain = std::min(quoted.find_first_of("\\\"\n"), quoted.size());
    out.append(quoted.substr(0, plain));
    quoted.remove_prefix(plain);
    if (quoted.empty()) break;
    if (quoted.front() != '\\') return std::nullopt;
    const std::size_t used = unescape(quoted, out);
    if (used == 0) return std::nullopt;
    quoted.remove_prefix(used);
  }
  return out;
}

}  // namespace hikae::format
