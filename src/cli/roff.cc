// SPDX-License-Identifier: Apache-2.0
#include "cli/roff.h"

namespace hikae::cli {
namespace {

// Length of the character at `at` if it is one of three bytes, as Japanese ones are; else 0.
std::size_t wide_character(std::string_view text, std::size_t at) {
  const bool is_wide = at + 2 < text.size() && (static_cast<unsigned char>(text[at]) >> 4U) == 0xEU;
  return is_wide ? 3 : 0;
}

// Characters that must not begin a line of Japanese.
bool may_begin_line(std::string_view text, std::size_t at) {
  constexpr std::string_view kNever = "、。」』）〉》・ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ：";
  return wide_character(text, at) != 0 && kNever.find(text.substr(at, 3)) == std::string_view::npos;
}

// A backslash begins an escape; a bare "-" may be set as a hyphen, which nobody can paste. Japanese
// has no blanks at which groff could break a line: it is told where it may.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (const std::size_t length = wide_character(text, at); length != 0) {
      out += text.substr(at, length);
      at += length;
      if (may_begin_line(text, at)) out += "\\:";
      continue;
    }
    ++at;
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

// For the arguments of a macro.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : escaped(text)) out += c == '"' ? std::string("\\(dq") : std::string(1, c);
  return out + "\"";
}

}  // namespace

Roff::Roff(std::string_view title, int section, std::string_view source, std::string_view manual) {
  out_ = ".\\\" Written by hikae man-pages; changes belong into the program's texts.\n.TH " +
         quoted(title) + " " + std::to_string(section) + " \"\" " + quoted(source) + " " +
         quoted(manual) + "\n";
  // Left-aligned, without hyphenation: option names stay whole.
  out_ += ".ad l\n.nh\n";
}

// A dot or an apostrophe at the beginning of a line would make it a macro.
void Roff::line(std::string_view text) {
  std::string content = escaped(text);
  for (std::size_t at = 0; at < content.size(); ++at) {
    if ((at == 0 || content[at - 1] == '\n') && (content[at] == '.' || content[at] == '\''))
      content.insert(at, "\\&");
  }
  out_ += content + "\n";
}

Roff& Roff::heading(std::string_view text) {
  out_ += ".SH " + quoted(text) + "\n";
  return *this;
}

Roff& Roff::subheading(std::string_view text) {
  out_ += ".SS " + quoted(text) + "\n";
  return *this;
}

Roff& Roff::paragraph(std::string_view text) {
  out_ += ".PP\n";
  line(text);
  return *this;
}

Roff& Roff::item(std::string_view term, std::string_view value, std::string_view meaning) {
  out_ += ".TP\n\\fB" + escaped(term) + "\\fR";
  if (!value.empty()) out_ += " \\fI" + escaped(value) + "\\fR";
  out_ += "\n";
  if (!meaning.empty()) line(meaning);
  return *this;
}

Roff& Roff::example(std::string_view lines) {
  out_ += ".PP\n.RS 4\n.nf\n";
  line(lines);
  out_ += ".fi\n.RE\n";
  return *this;
}

Roff& Roff::reference(std::string_view name, int section, More more) {
  out_ += ".BR " + escaped(name) + " (" + std::to_string(section) + ")" +
          (more == More::yes ? "," : "") + "\n";
  return *this;
}

}  // namespace hikae::cli
