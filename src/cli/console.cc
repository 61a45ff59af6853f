// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>

#include "base/bytes.h"
#include "base/utf8.h"
#include "os/terminal.h"

namespace hikae::cli {
namespace {

// One line of progress and ordinary output must not mix; the console is shared by all threads.
std::mutex& output_mutex() {
  static std::mutex mutex;
  return mutex;
}

constexpr std::string_view kEraseLine = "\r\x1b[K";

std::string pad(const std::string& cell, std::size_t width, Table::Align align) {
  const std::string space(width - std::min(width, display_width(cell)), ' ');
  return align == Table::Align::right ? space + cell : cell + space;
}

void write_line(std::FILE* stream, std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream));
}

}  // namespace

Console::Console(Language language, Colour colour) : language_(language), colour_(colour) {}

void Console::print(std::string_view text) {
  const std::lock_guard lock(output_mutex());
  const bool is_whole =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  // Not thrown here: a backup does not stop because its words cannot be written.
  if (!is_whole && print_error_number_ == 0) print_error_number_ = errno;
}

bool Console::reader_is_gone() const {
  const std::lock_guard lock(output_mutex());
  return print_error_number_ == EPIPE;
}

void Console::finish() const {
  const std::lock_guard lock(output_mutex());
  if (print_error_number_ != 0) throw system_error(print_error_number_, hikae::text("cli.output"));
}

void Console::say(const Text& text) {
  print(printable_lines(render(text, language_)) + "\n");
}

void Console::print_error(std::string_view text) {
  clear_progress();
  const std::lock_guard lock(output_mutex());
  write_line(stderr, text);
}

void Console::say_error(const Text& text) {
  print_error(printable_lines(render(text, language_)) + "\n");
}

void Console::write(LogLevel level, const Text& message) {
  if (level == LogLevel::info && verbosity_ < 1) return;
  if (level == LogLevel::debug && verbosity_ < 2) return;
  std::string line;
  if (level == LogLevel::warning) line = render(hikae::text("cli.warning"), language_) + " ";
  if (level == LogLevel::error) line = render(hikae::text("cli.error"), language_) + " ";
  line += printable_lines(render(message, language_)) + "\n";
  if (colour_ == Colour::terminal && level >= LogLevel::warning)
    line = (level == LogLevel::error ? "\x1b[31m" : "\x1b[33m") + line + "\x1b[0m";
  clear_progress();
  const std::lock_guard lock(output_mutex());
  write_line(stderr, line);
}

void Console::error(const Error& error) {
  std::string lines = "hikae: " + printable_lines(render(error, language_)) + "\n";
  if (colour_ == Colour::terminal) lines = "\x1b[31m" + lines + "\x1b[0m";
  if (error.hint()) lines += printable_lines(render(*error.hint(), language_)) + "\n";
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
  static_cast<void>(std::fflush(stderr));
}

void Console::clear_progress() {
  if (colour_ != Colour::terminal) return;
  const std::lock_guard lock(output_mutex());
  write_line(stderr, kEraseLine);
  static_cast<void>(std::fflush(stderr));
}

void Table::add_column(std::string heading, Align align) {
  columns_.push_back({std::move(heading), align});
}

void Table::add_row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
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

}  // namespace hikae::cli
