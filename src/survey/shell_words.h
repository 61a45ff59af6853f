// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hikae::survey {

// One simple command of a shell script.
struct ShellCommand {
  int line = 1;                      // where it begins; counts from 1
  std::vector<std::string> words;    // without their quotes; $NAME and $(…) as they stand
  std::vector<std::string> outputs;  // files behind > and >>
  bool feeds_next = false;           // a pipe leads to the next command

  bool operator==(const ShellCommand&) const = default;
};

// The commands of a script, in order, by the quoting rules of POSIX sh. Nothing is executed; what
// only a shell could tell ($(…), globs) stays as text. Comments, here-documents and line
// continuations are understood; the words of control structures (if, then, do, …) are left out.
// Takes any bytes. Pure.
std::vector<ShellCommand> parse_shell(std::string_view script);

// $NAME and ${NAME} replaced where the name is known; all else stays. Pure.
using ShellVariables = std::map<std::string, std::string, std::less<>>;
std::string expand(std::string_view word, const ShellVariables& variables);

}  // namespace hikae::survey
