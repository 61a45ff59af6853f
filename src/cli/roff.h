// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hikae::cli {

// Writes the source of a manual page, in the man(7) macros that groff and mandoc both know. Text is
// escaped here: whatever a description contains, it is no macro. Not thread-safe.
class Roff {
 public:
  // `title` in capitals, as is the custom: "HIKAE-RUN".
  Roff(std::string_view title, int section, std::string_view source, std::string_view manual);

  Roff& heading(std::string_view text);
  Roff& subheading(std::string_view text);
  Roff& paragraph(std::string_view text);
  // A term in bold, the value that it takes in italics, and below it what it means.
  Roff& item(std::string_view term, std::string_view value, std::string_view meaning);
  // Lines as they stand, in a fixed width.
  Roff& example(std::string_view lines);
  // "hikae-run(1)" in the form of a reference; a comma follows unless it is the last one.
  enum class More { no, yes };
  Roff& reference(std::string_view name, int section, More more);

  std::string take() && { return std::move(out_); }

 private:
  void line(std::string_view text);
  std::string out_;
};

}  // namespace hikae::cli
