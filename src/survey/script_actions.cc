// SPDX-License-Identifier: Apache-2.0
#include "survey/script_actions.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

#include "survey/script_commands.h"

namespace hikae::survey {
namespace {

using Kind = ScriptAction::Kind;
using Words = std::vector<std::string>;

// Scripts in scripts in scripts (sh -c "ssh host 'sh -c …'"): deeper than this nobody writes.
constexpr int kDeepest = 5;

bool is_assignment(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == 0 || equals == std::string::npos) return false;
  return std::all_of(word.begin(),
                     word.begin() + static_cast<std::ptrdiff_t>(equals),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::string joined(const Words& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

class Reader {
 public:
  Reader(std::string_view file, int first_line) : file_(file), offset_(first_line - 1) {}

  void read(std::string_view script, const std::string& host, int depth) {
    const std::vector<ShellCommand> commands = parse_shell(script);
    std::size_t told = 0;  // the place of a removal that the command before it has told
    for (std::size_t at = 0; at < commands.size(); ++at) {
      if (at > 0 && at == told) continue;
      // The output of a pipe belongs to the command that began it: pg_dumpall | gzip > FILE.
      ShellCommand command = commands[at];
      for (std::size_t next = at;
           command.outputs.empty() && commands[next].feeds_next && next + 1 < commands.size();)
        command.outputs = commands[++next].outputs;
      // What find names on such a line is deleted: find FOLDER -mtime +N | xargs rm.
      if (const std::size_t removal = removal_of(commands, at); removal > 0) {
        command.words.insert(command.words.end(), {"|", "xargs", "rm"});
        told = removal;
      }
      take(command, host, depth);
    }
  }

  std::vector<ScriptAction> actions() && { return std::move(actions_); }

 private:
  void take(const ShellCommand& command, const std::string& host, int depth) {
    Words words;
    for (const std::string& word : command.words) words.push_back(expand(word, variables_));
    while (!words.empty() && is_assignment(words.front())) {
      assign({words.front()});
      words.erase(words.begin());
    }
    if (words.empty()) return;
    ScriptAction action;
    action.file = file_;
    action.line = (depth == 0 ? command.line : line_) + (depth == 0 ? offset_ : 0);
    if (depth == 0) line_ = action.line;
    action.command = joined(words);
    if (free_from_prefixes(words, host, depth) == Prefix::was_all) return;
    if (words.empty()) return;
    if (words.front() == "export") assign({words.begin() + 1, words.end()});
    interpret_command(words, action);
    if (action.kind == Kind::dumps_cluster) complete_server(action);
    if (action.target.empty() && !command.outputs.empty())
      action.target = expand(command.outputs.back(), variables_);
    if (!host.empty()) move_to(host, action);
    actions_.push_back(std::move(action));
  }

  void assign(const Words& words) {
    for (const std::string& word : words) {
      const std::size_t equals = word.find('=');
      if (is_assignment(word)) variables_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }

  // What libpq takes from the environment where no option says it.
  void complete_server(ScriptAction& action) const {
    const auto complete = [&](std::string& value, const char* name) {
      const auto known = variables_.find(name);
      if (value.empty() && known != variables_.end()) value = known->second;
    };
    complete(action.server, "PGHOST");
    complete(action.port, "PGPORT");
    complete(action.user, "PGUSER");
  }

  // Where a pipe that begins with find at `at` removes what comes through it; 0: nowhere.
  static std::size_t removal_of(const std::vector<ShellCommand>& commands, std::size_t at) {
    const Words& words = commands[at].words;
    if (std::none_of(words.begin(), words.end(), [](const std::string& word) {
          return base_name(word) == "find";
        }))
      return 0;
    for (; commands[at].feeds_next && at + 1 < commands.size(); ++at) {
      if (is_xargs_rm(commands[at + 1].words)) return at + 1;
    }
    return 0;
  }

  // Paths of a command that ssh runs lie on the other machine.
  static void move_to(const std::string& host, ScriptAction& action) {
    action.machine = host;
    for (std::string& path : action.sources) path = host + ":" + path;
    if (action.target.starts_with('/')) action.target = host + ":" + action.target;
  }

  enum class Prefix { none, was_all };

  // What runs the rest of its words as they are.
  static bool runs_its_rest(const std::string& program) {
    constexpr std::array<std::string_view, 9> kSuch = {
        "sudo", "nice", "ionice", "env", "time", "nohup", "exec", "chronic", "systemd-cat"};
    return std::find(kSuch.begin(), kSuch.end(), program) != kSuch.end();
  }

  // The command line behind -c, also in -lc.
  static std::optional<std::string> command_word(const Words& words) {
    const auto option = std::find_if(words.begin(), words.end(), [](const std::string& word) {
      return word.size() > 1 && word[0] == '-' && word[1] != '-' && word.back() == 'c';
    });
    if (option == words.end() || option + 1 == words.end()) return std::nullopt;
    return *(option + 1);
  }

  // "runuser -u USER PROGRAM …" has no command line, whatever the program's options end with.
  static bool is_runuser_of(const Words& words) {
    return words.size() > 1 && base_name(words[0]) == "runuser" && words[1] == "-u";
  }

  static void drop_options(Words& words) {
    words.erase(words.begin());
    while (!words.empty() && words.front().starts_with('-')) words.erase(words.begin());
  }

  // Takes sudo, nice, … away; a command line inside a word (sh -c, su -c, ssh) is read by itself.
  Prefix free_from_prefixes(Words& words, const std::string& host, int depth) {
    for (int times = 0; times < 16 && !words.empty(); ++times) {
      const std::string program = base_name(words.front());
      if (runs_its_rest(program)) {
        skip_options(words, {"-u", "-n", "-c", "-t", "-g"});
      } else if (program == "timeout" || program == "flock") {
        skip_options(words, {"-w", "-k", "-s", "-E"});
        if (!words.empty()) words.erase(words.begin());
        if (words.size() >= 2 && words[0] == "-c") return inner(words[1], host, depth);
      } else if (is_runuser_of(words)) {
        skip_options(words, {"-u", "-g", "-G"});
      } else if (program == "sh" || program == "bash" || program == "su" || program == "runuser") {
        if (const auto script = command_word(words)) return inner(*script, host, depth);
        if (program == "su" || program == "runuser" || words.size() < 2) return Prefix::none;
        drop_options(words);
      } else if (program == "ssh") {
        skip_options(words, {"-i", "-p", "-l", "-o", "-F", "-J"});
        if (words.size() < 2) return Prefix::none;
        const std::string other = words.front();
        words.erase(words.begin());
        return inner(joined(words), other, depth);
      } else {
        return Prefix::none;
      }
    }
    return Prefix::none;
  }

  static void skip_options(Words& words, std::initializer_list<std::string_view> with_value) {
    words.erase(words.begin());
    while (!words.empty() && (words.front().starts_with('-') || is_assignment(words.front()))) {
      const bool takes_value =
          std::find(with_value.begin(), with_value.end(), words.front()) != with_value.end();
      words.erase(words.begin());
      if (takes_value && !words.empty()) words.erase(words.begin());
    }
  }

  Prefix inner(const std::string& script, const std::string& host, int depth) {
    if (depth < kDeepest) read(std::string(script), host, depth + 1);
    return Prefix::was_all;
  }

  std::string file_;
  int offset_;
  int line_ = 0;
  ShellVariables variables_;
  std::vector<ScriptAction> actions_;
};

}  // namespace

std::vector<ScriptAction> read_script(std::string_view script,
                                      std::string_view file,
                                      int first_line) {
  Reader reader(file, first_line);
  reader.read(script, "", 0);
  return std::move(reader).actions();
}

}  // namespace hikae::survey
