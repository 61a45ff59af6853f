// SPDX-License-Identifier: Apache-2.0
// Mails as bytes: RFC 5322 (fields), 2045 (bodies), 2046 (multipart/alternative), 2047 (encoded
// words). Pure. Nothing that is put in can begin a field or a part of its own, whatever it holds.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace hikae::notify {

struct Mail {
  std::string from;  // addresses
  std::vector<std::string> to;
  std::string subject;  // UTF-8
  Instant date;
  std::chrono::seconds utc_offset{0};  // of the date as it is shown
  std::string message_id;              // "left@right", without the angle brackets
  std::vector<std::pair<std::string, std::string>> fields;  // more of them: "X-Hikae-Verdict", "ok"
  std::string text;                                         // UTF-8, LF
  std::string html;                                         // UTF-8, LF
};

// The whole mail: 7-bit ASCII, lines of at most 76 characters (998 in a field that cannot be
// folded), ending in CRLF.
std::string encode_mail(const Mail& mail);

// A field's value on one line: control characters, line breaks among them, become spaces.
std::string header_text(std::string_view value);
// `name: value`, folded; what is not ASCII becomes encoded words that end at characters' borders.
std::string encode_field(std::string_view name, std::string_view value);
std::string encode_quoted_printable(std::string_view text);
// "Mon, 23 Nov 2026 02:07:31 +0900".
std::string mail_date(Instant time, std::chrono::seconds utc_offset);

}  // namespace hikae::notify
