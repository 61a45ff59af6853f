// SPDX-License-Identifier: Apache-2.0
#include "notify/mime.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/base64.h"
#include "base/utf8.h"
#include "crypto/hash.h"

namespace hikae::notify {
namespace {

constexpr std::size_t kLine = 76;
constexpr std::string_view kBreak = "\r\n";

bool is_printable_ascii(char c) {
  return c >= 0x20 && c < 0x7f;
}

// What may stand in a field as it is. "=?" would begin an encoded word of somebody else's.
bool is_plain(std::string_view value) {
  return std::all_of(value.begin(), value.end(), is_printable_ascii) &&
         value.find("=?") == std::string_view::npos;
}

std::string encoded_word(std::string_view part) {
  std::string word = "=?UTF-8?B?";
  append_base64(word, as_bytes(part));
  return word + "?=";
}

// Encoded words of at most 75 characters, one a line. `used` are the columns that are taken on the
// first line.
std::string encoded_words(std::string_view value, std::size_t used) {
  constexpr std::size_t kFrame = 12;  // =?UTF-8?B? and ?=
  std::string out;
  std::string part;
  const auto room = [&] { return (kLine - 1 - used - kFrame) / 4 * 3; };
  const auto flush = [&] {
    if (!out.empty()) out += "\r\n ";
    out += encoded_word(part);
    part.clear();
    used = 1;
  };
  while (!value.empty()) {
    const Character character = first_character(value);
    if (!part.empty() && part.size() + character.bytes.size() > room()) flush();
    part += character.bytes;
    value.remove_prefix(character.bytes.size());
  }
  if (!part.empty()) flush();
  return out;
}

// A folded run of blanks would be a line of blanks, which some readers take for the header's end.
std::string without_runs(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c != ' ' || !out.ends_with(' ')) out += c;
  }
  return out;
}

// Folded at spaces; a word that is too long for a line stays whole.
std::string folded(std::string_view value, std::size_t used) {
  std::string out;
  while (!value.empty()) {
    const std::size_t space = value.find(' ', 1);
    const std::string_view word = value.substr(0, space);
    if (used + word.size() > kLine && !out.empty() && word.front() == ' ') {
      out += kBreak;
      used = 0;
    }
    out += word;
    used += word.size();
    value.remove_prefix(word.size());
  }
  return out;
}

std::string base64_lines(std::string_view text) {
  std::string packed;
  append_base64(packed, as_bytes(text));
  std::string out;
  for (std::size_t at = 0; at < packed.size(); at += kLine)
    out += packed.substr(at, kLine) + std::string(kBreak);
  return out;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\r') continue;
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

// Quoted-printable where most of it is ASCII, since a person can read that in a mail queue.
std::string encoded_part(std::string_view type, std::string_view text) {
  const auto foreign = std::count_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const bool quoted = static_cast<std::size_t>(foreign) * 6 < text.size();
  std::string out = "Content-Type: " + std::string(type) + "; charset=UTF-8\r\n";
  out += "Content-Transfer-Encoding: ";
  out += quoted ? "quoted-printable\r\n\r\n" : "base64\r\n\r\n";
  return out + (quoted ? encode_quoted_printable(text) : base64_lines(with_crlf(text)));
}

// Of the content, so that the same mail is the same bytes. "=_" can stand in neither encoding.
std::string boundary_of(const Mail& mail) {
  return "=_hikae_" + sha256(as_bytes(mail.text + mail.html + mail.message_id)).hex().substr(0, 24);
}

std::string joined(const std::vector<std::string>& addresses) {
  std::string out;
  for (const std::string& address : addresses) out += (out.empty() ? "" : ", ") + address;
  return out;
}

}  // namespace

std::string header_text(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    const Character character = first_character(value);
    value.remove_prefix(character.bytes.size());
    // C0, C1 and the line separators of Unicode.
    const bool is_control = character.value < 0x20 || character.value == 0x7f ||
                            (character.value >= 0x80 && character.value < 0xa0) ||
                            character.value == 0x2028 || character.value == 0x2029;
    if (is_control) {
      out += ' ';
    } else if (character.value == 0xfffd) {
      out += "\xef\xbf\xbd";
    } else {
      out += character.bytes;
    }
  }
  return out;
}

std::string encode_field(std::string_view name, std::string_view value) {
  std::string clean = header_text(value);
  // A line of blanks alone would end the header for some readers.
  const std::size_t first = clean.find_first_not_of(' ');
  clean = first == std::string::npos ? std::string()
                                     : clean.substr(first, clean.find_last_not_of(' ') - first + 1);
  std::string field = std::string(name) + ": ";
  field += is_plain(clean) ? folded(without_runs(clean), field.size())
                           : encoded_words(clean, field.size());
  return field + std::string(kBreak);
}

std::string encode_quoted_printable(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  std::size_t column = 0;
  const auto put = [&](std::string_view piece) {
    // One column is left for the "=" that joins lines.
    if (column + piece.size() > kLine - 1) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\r') continue;
    if (c == '\n') {
      out += kBreak;
      column = 0;
      continue;
    }
    const bool ends_line = at + 1 == text.size() || text[at + 1] == '\n';
    const bool is_blank = c == ' ' || c == '\t';
    // Relays strip blanks at the end of a line, and take a lone dot for the end.
    const bool plain = (is_printable_ascii(c) && c != '=' && (c != '.' || column > 0)) || c == '\t';
    if (plain && !(is_blank && ends_line)) {
      put(std::string_view(&text[at], 1));
    } else {
      const auto byte = static_cast<unsigned char>(c);
      put(std::string{'=', kDigits[byte >> 4U], kDigits[byte & 15U]});
    }
  }
  if (column > 0) out += kBreak;
  return out;
}

std::string mail_date(Instant time, std::chrono::seconds utc_offset) {
  static constexpr std::array<const char*, 7> kDays = {
      "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto local = std::chrono::floor<std::chrono::seconds>(time) + utc_offset;
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(local - day);
  const long minutes = static_cast<long>(utc_offset.count() / 60);
  std::array<char, 64> buffer{};
  const int length = std::snprintf(buffer.data(),
                                   buffer.size(),
                                   "%s, %u %s %d %02d:%02d:%02d %c%02ld%02ld",
                                   kDays.at(std::chrono::weekday(day).c_encoding()),
                                   static_cast<unsigned>(date.day()),
                                   kMonths.at(static_cast<unsigned>(date.month()) - 1),
                                   static_cast<int>(date.year()),
                                   static_cast<int>(clock.hours().count()),
                                   static_cast<int>(clock.minutes().count()),
                                   static_cast<int>(clock.seconds().count()),
                                   minutes < 0 ? '-' : '+',
                                   std::abs(minutes) / 60,
                                   std::abs(minutes) % 60);
  return {buffer.data(), static_cast<std::size_t>(std::max(length, 0))};
}

std::string encode_mail(const Mail& mail) {
  std::string out;
  out += encode_field("From", mail.from);
  out += encode_field("To", joined(mail.to));
  out += encode_field("Subject", mail.subject);
  out += encode_field("Date", mail_date(mail.date, mail.utc_offset));
  out += encode_field("Message-ID", "<" + mail.message_id + ">");
  for (const auto& [name, value] : mail.fields) out += encode_field(name, value);
  out += "MIME-Version: 1.0\r\n";
  const std::string boundary = boundary_of(mail);
  out += "Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n";
  out += "--" + boundary + "\r\n" + encoded_part("text/plain", mail.text);
  out += "--" + boundary + "\r\n" + encoded_part("text/html", mail.html);
  return out + "--" + boundary + "--\r\n";
}

}  // namespace hikae::notify
