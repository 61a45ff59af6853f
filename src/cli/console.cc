// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "base/bytes.h"
#include "os/terminal.h"

namespace hikae::cli {
namespace {

// One line of progress and ordinary output must not mix; the console is shared by all threads.
std::mutex& output_mutex() {
  static std::mutex mutex;
  return mutex;
}

constexpr std::string_view kEraseLine = "\r\x1b[K";

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // 0: not valid UTF-8
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80    ? 1
                             : lead >= 0xf0 ? 4
                             : lead >= 0xe0 ? 3
                             : lead >= 0xc2 ? 2
                                            : 0;
  if (length == 0 || length > text.size() || lead > 0xf4) return {};
  char32_t value = length == 1 ? lead : lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    value = value << 6U | (byte(i) & 0x3fU);
  }
  return {value, length};
}

// The East Asian wide and full-width ranges that administrators meet; Unicode TR 11.
bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) ||
         (c >= 0x3041 && c <= 0x33ff) || (c >= 0x3400 && c <= 0x4dbf) ||
         (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xa000 && c <= 0xa4cf) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
         (c >= 0x20000 && c <= 0x3fffd);
}

bool is_combining(char32_t c) {
  return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || c == 0x3099 || c == 0x309a;
}

std::string pad(const std::string& cell, std::size_t width, Table::Align align) {
  const std::string space(width - std::min(width, display_width(cell)), ' ');
  return align == Table::Align::right ? space + cell : cell + space;
}

void write_line(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

}  // namespace

Console::Console(Language language, Colour colour) : language_(language), colour_(colour) {}

void Console::print(std::string_view text) {
  const std::lock_guard lock(output_mutex());
  write_line(stdout, text);
  std::fflush(stdout);
}

void Console::say(const Text& text) {
  print(render(text, language_) + "\n");
}

void Console::print_error(std::string_view text) {
  clear_progress();
  const std::lock_guard lock(output_mutex());
  write_line(stderr, text);
}

void Console::say_error(const Text& text) {
  print_error(render(text, language_) + "\n");
}

void Console::write(LogLevel level, const Text& message) {
  if (level == LogLevel::info && verbosity_ < 1) return;
  if (level == LogLevel::debug && verbosity_ < 2) return;
  std::string line;
  if (level >= LogLevel::warning) line = render(hikae::text("cli.warning"), language_) + " ";
  line += render(message, language_) + "\n";
  if (colour_ == Colour::terminal && level >= LogLevel::warning)
    line = "\x1b[33m" + line + "\x1b[0m";
  clear_progress();
  const std::lock_guard lock(output_mutex());
  write_line(stderr, line);
}

void Console::error(const Error& error) {
  std::string lines = "hikae: " + render(error, language_) + "\n";
  if (colour_ == Colour::terminal) lines = "\x1b[31m" + lines + "\x1b[0m";
  if (error.hint()) lines += render(*error.hint(), language_) + "\n";
  clear_progress();
  const std::lock_guard lock(output_mutex());
  write_line(stderr, lines);
}

void Console::progress(const std::string& line) {
  if (colour_ != Colour::terminal || verbosity_ < 1) return;
  std::string shown = line;
  const std::size_t width = os::terminal_width(STDERR_FILENO);
  while (display_width(shown) >= width && !shown.empty()) shown.pop_back();
  const std::lock_guard lock(output_mutex());
  write_line(stderr, std::string(kEraseLine) + shown);
  std::fflush(stderr);
}

void Console::clear_progress() {
  if (colour_ != Colour::terminal) return;
  const std::lock_guard lock(output_mutex());
  write_line(stderr, kEraseLine);
  std::fflush(stderr);
}

void Table::add_column(std::string heading, Align align) {
  columns_.push_back({std::move(heading), align});
}

void Table::add_row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::render() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].heading);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell_at) {
    std::string out;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      out += pad(cell_at(i), widths[i], columns_[i].align);
      if (i + 1 < columns_.size()) out += "  ";
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out + "\n";
  };
  std::string out = line([&](std::size_t i) { return columns_[i].heading; });
  for (const auto& row : rows_) out += line([&](std::size_t i) { return row[i]; });
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = decode(text);
    if (point.length == 0) {
      ++width;
      text.remove_prefix(1);
      continue;
    }
    if (point.value >= 0x20 && !is_combining(point.value)) width += is_wide(point.value) ? 2 : 1;
    text.remove_prefix(point.length);
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = decode(text);
    const bool control = point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0);
    const std::size_t length = std::max<std::size_t>(point.length, 1);
    if (point.length == 0 || control) {
      for (const char c : text.substr(0, length))
        out += "\\x" + to_hex(as_bytes(std::string_view(&c, 1)));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace hikae::cli
