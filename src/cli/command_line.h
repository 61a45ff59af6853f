// SPDX-License-Identifier: Apache-2.0
// The command line's grammar, without the library that parses it: CLI11 takes seconds per file that
// includes it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace hikae::cli {

// One command, or the program itself. Values are written to the caller's variables while parsing;
// they outlive parse(). Option names as CLI11 spells them: "-n,--dry-run". Help texts come from the
// catalogue. Not thread-safe.
class Command {
 public:
  virtual ~Command() = default;

  // A subcommand; `run` is called after parsing, when this is the command that was given, and
  // returns the exit code.
  virtual Command& add_command(const std::string& name,
                               const Text& help,
                               std::function<int()> run) = 0;
  // A group of subcommands ("key list"), which runs nothing itself.
  virtual Command& add_group(const std::string& name, const Text& help) = 0;

  virtual void flag(const std::string& names, bool& value, const Text& help) = 0;
  virtual void count(const std::string& names, int& value, const Text& help) = 0;
  // `value_name` is shown in the help: "FILE".
  virtual void option(const std::string& names,
                      std::string& value,
                      const std::string& value_name,
                      const Text& help) = 0;
  virtual void option(const std::string& names,
                      std::optional<std::string>& value,
                      const std::string& value_name,
                      const Text& help) = 0;
  virtual void option(const std::string& names,
                      int& value,
                      const std::string& value_name,
                      const Text& help) = 0;
  virtual void option(const std::string& names,
                      double& value,
                      const std::string& value_name,
                      const Text& help) = 0;
  // May be given several times.
  virtual void list(const std::string& names,
                    std::vector<std::string>& values,
                    const std::string& value_name,
                    const Text& help) = 0;
  // One of `choices`; anything else is refused with the choices named.
  virtual void choice(const std::string& names,
                      std::string& value,
                      const std::vector<std::string>& choices,
                      const Text& help) = 0;
  // Arguments without a name, in this order.
  virtual void argument(const std::string& name, std::string& value, const Text& help) = 0;
  virtual void optional_argument(const std::string& name, std::string& value, const Text& help) = 0;
  virtual void arguments(const std::string& name,
                         std::vector<std::string>& values,
                         const Text& help) = 0;
};

class CommandLine : public Command {
 public:
  static std::unique_ptr<CommandLine> make(const Text& description,
                                           const std::string& version,
                                           Language language);

  // Parses, runs the command, returns its exit code. Help and version print to standard output and
  // return 0. Throws Error{invalid_argument} for a mistake, naming the nearest word that is known,
  // with the way to the help as its hint.
  virtual int run(int count, const char* const* arguments) = 0;

  // An option or an argument as the help shows it, in the language of the command line.
  struct Described {
    std::string names;       // "-n, --dry-run"; of an argument its name
    std::string value_name;  // "FILE"; empty: takes no value
    std::string help;
    enum class Need { optional, required } need = Need::optional;
    enum class Times { once, many } times = Times::once;
  };
  // All commands and their options, for completion and manual pages: "backup --tag" and so on.
  struct Entry {
    std::vector<std::string> path;
    std::vector<std::string> options;
    std::string help{};
    std::vector<Described> described{};  // the options
    std::vector<Described> arguments{};
  };
  virtual std::vector<Entry> entries() const = 0;
};

}  // namespace hikae::cli
