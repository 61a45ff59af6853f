// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hikae::survey {

// A machine's file system, or a copy of one below some folder: all paths that go in and come out
// are those of that machine. What cannot be read is absent. Thread-safe.
class Root {
 public:
  // Empty or "/": this machine.
  explicit Root(std::string folder = "");

  // Where this process finds it.
  std::string system_path(std::string_view path) const;
  bool exists(std::string_view path) const;
  bool is_folder(std::string_view path) const;
  // nullopt: absent, unreadable, no regular file, or longer than a megabyte.
  std::optional<std::string> read(std::string_view path) const;
  // Names, sorted; empty for what is no readable folder.
  std::vector<std::string> list(std::string_view path) const;

 private:
  std::string folder_;
};

// "a/b/" and "a/b" are the same place.
std::string without_slash_at_end(std::string path);
// True for the folder itself and for what lies below it.
bool lies_in(std::string_view path, std::string_view folder);
// Lines without their ends, which outlive the text.
std::vector<std::string> lines_of(std::string_view text);
// Without blanks at both ends.
std::string trimmed(std::string_view text);

}  // namespace hikae::survey
