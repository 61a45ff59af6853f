// SPDX-License-Identifier: Apache-2.0
// What names and error texts may hold must begin no header, no part, no control sequence.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "notify/mime.h"
#include "notify/render.h"
#include "notify/template.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// One field: each line break is followed by a blank, but the last.
void check_field(const std::string& field) {
  require(field.ends_with("\r\n"));
  for (std::size_t at = 0; at + 2 < field.size(); ++at) {
    const auto byte = static_cast<unsigned char>(field[at]);
    require(byte < 0x80);
    if (field[at] == '\n') require(field[at - 1] == '\r' && field[at + 1] == ' ');
    if (field[at] == '\r') require(field[at + 1] == '\n');
  }
}

void check_body(const std::string& encoded) {
  std::size_t column = 0;
  for (const char c : encoded) {
    require(static_cast<unsigned char>(c) < 0x80);
    column = c == '\n' ? 0 : column + 1;
    require(column <= 78);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_field(hikae::notify::encode_field("Subject", text));
  check_body(hikae::notify::encode_quoted_printable(text));
  const std::string clean = hikae::notify::redacted(text);
  for (const char c : clean)
    require(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
  try {
    hikae::notify::fill_template(text, hikae::notify::Escape::json, [](const std::string& name) {
      return name == "subject" ? std::optional<std::string>("value") : std::nullopt;
    });
  } catch (const hikae::Error&) {  // an unknown name: refused
  }
  return 0;
}
