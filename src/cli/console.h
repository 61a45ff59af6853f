// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"

namespace hikae::cli {

enum class Colour { none, terminal };

// The one place that prints. Reports go to standard output, everything else to standard error. In
// sentences, control characters that came with a name are shown as \xNN (see printable_lines()).
// Thread-safe.
class Console final : public Log {
 public:
  Console(Language language, Colour colour);

  Language language() const { return language_; }

  // To standard output, as it is.
  void print(std::string_view text);
  // Throws Error when something that was printed did not reach standard output: a recovery sheet
  // or a list on a full disk must not pass for whole.
  void finish() const;
  // Somebody has closed the pipe that standard output is (`hikae ls | head`): no mistake.
  bool reader_is_gone() const;
  // A sentence to standard output, with a line break.
  void say(const Text& text);
  // To standard error, with "warning:" or "error:" where it is one.
  void write(LogLevel level, const Text& message) override;
  // To standard error, as it is, and a sentence.
  void print_error(std::string_view text);
  void say_error(const Text& text);
  // "hikae: …" with the hint on a line of its own.
  void error(const Error& error);

  // A line that the next one replaces; nothing unless standard error is a terminal.
  void progress(const std::string& line);
  void clear_progress();

  // What is below shows: 0 only errors, 1 also information (default), 2 debug.
  void set_verbosity(int verbosity) { verbosity_ = verbosity; }

 private:
  Language language_;
  Colour colour_;
  int verbosity_ = 1;
  int print_error_number_ = 0;  // of the first print that failed
};

// Columns for people: every column as wide as its widest cell (East Asian characters count two),
// numbers to the right.
class Table {
 public:
  enum class Align { left, right };
  void add_column(std::string heading, Align align = Align::left);
  // Control characters in the cells are shown as \xNN.
  void add_row(std::vector<std::string> cells);
  std::string render() const;

 private:
  struct Column {
    std::string heading;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace hikae::cli
