// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <map>

namespace hikae::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

// What may follow each chain of commands: "" -> "backup key …", "key" -> "list add …".
std::map<std::string, std::vector<std::string>> followers(
    const std::vector<CommandLine::Entry>& entries) {
  std::map<std::string, std::vector<std::string>> result;
  for (const CommandLine::Entry& entry : entries) {
    if (entry.path.empty()) continue;
    const std::vector<std::string> above(entry.path.begin(), entry.path.end() - 1);
    result[joined(above)].push_back(entry.path.back());
  }
  return result;
}

const std::vector<std::string>& root_options(const std::vector<CommandLine::Entry>& entries) {
  static const std::vector<std::string> kNone;
  for (const CommandLine::Entry& entry : entries) {
    if (entry.path.empty()) return entry.options;
  }
  return kNone;
}

// How a shell writes a list of words.
struct Quotes {
  const char* open;
  const char* close;
};

// A case for each chain of commands: its own options, the program's, and its subcommands.
std::string chain_cases(const std::vector<CommandLine::Entry>& entries, const Quotes& quotes) {
  const auto next = followers(entries);
  const std::string global = joined(root_options(entries));
  std::string cases;
  for (const CommandLine::Entry& entry : entries) {
    const std::string chain = joined(entry.path);
    const auto below = next.find(chain);
    const std::string options = (chain.empty() ? "" : joined(entry.options) + " ") + global;
    const std::string commands = below == next.end() ? "" : joined(below->second);
    cases += "    \"" + chain + "\")\n";
    cases += std::string("      options=") + quotes.open + options + quotes.close + "\n";
    cases += std::string("      commands=") + quotes.open + commands + quotes.close + " ;;\n";
  }
  return cases;
}

// The alternatives of a case that knows every chain of commands.
std::string all_chains(const std::vector<CommandLine::Entry>& entries) {
  std::string chains;
  for (const CommandLine::Entry& entry : entries) {
    if (!entry.path.empty())
      chains += (chains.empty() ? "\"" : " | \"") + joined(entry.path) + "\"";
  }
  return chains;
}

// Both find the longest chain of commands before the cursor; behind it stand its options, its
// subcommands, or files.
std::string bash(const std::vector<CommandLine::Entry>& entries) {
  return "# bash completion for hikae: source it, or put it into\n"
         "# /usr/share/bash-completion/completions/hikae\n"
         "_hikae() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" chain=\"\" candidate options commands i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    candidate=\"${chain:+$chain }${COMP_WORDS[i]}\"\n"
         "    case \"$candidate\" in\n"
         "      " +
         all_chains(entries) +
         ") chain=\"$candidate\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$chain\" in\n" +
         chain_cases(entries, {"\"", "\""}) +
         "  esac\n"
         "  if [[ \"$word\" == -* ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
         "  elif [[ -n \"$commands\" ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$word\")\n"
         "  else\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
         "  fi\n"
         "}\n"
         "complete -F _hikae hikae\n";
}

std::string zsh(const std::vector<CommandLine::Entry>& entries) {
  return "#compdef hikae\n"
         "# zsh completion for hikae: source it, or put it into a folder of $fpath as _hikae\n"
         "_hikae() {\n"
         "  local chain=\"\" candidate i\n"
         "  local -a options commands\n"
         "  for ((i = 2; i < CURRENT; i++)); do\n"
         "    candidate=\"${chain:+$chain }${words[i]}\"\n"
         "    case \"$candidate\" in\n"
         "      " +
         all_chains(entries) +
         ") chain=\"$candidate\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$chain\" in\n" +
         chain_cases(entries, {"(", ")"}) +
         "  esac\n"
         "  if [[ \"${words[CURRENT]}\" == -* ]]; then\n"
         "    compadd -- $options\n"
         "  elif (($#commands)); then\n"
         "    compadd -- $commands\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "if [[ \"$funcstack[1]\" == \"_hikae\" ]]; then _hikae \"$@\"; else compdef _hikae hikae; "
         "fi\n";
}

std::string fish_condition(const std::vector<std::string>& path) {
  if (path.empty()) return "__fish_use_subcommand";
  std::string condition;
  for (const std::string& word : path)
    condition += (condition.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + word);
  return condition;
}

std::string fish_option(const std::string& option) {
  return option.starts_with("--") ? " -l " + option.substr(2) : " -s " + option.substr(1);
}

std::string fish(const std::vector<CommandLine::Entry>& entries) {
  std::string out = "# fish completion for hikae: ~/.config/fish/completions/hikae.fish\n";
  for (const CommandLine::Entry& entry : entries) {
    if (!entry.path.empty()) {
      const std::vector<std::string> above(entry.path.begin(), entry.path.end() - 1);
      out +=
          "complete -c hikae -f -n '" + fish_condition(above) + "' -a " + entry.path.back() + "\n";
    }
    const std::string when = entry.path.empty() ? "" : " -n '" + fish_condition(entry.path) + "'";
    for (const std::string& option : entry.options)
      out += "complete -c hikae" + when + fish_option(option) + "\n";
  }
  return out;
}

}  // namespace

std::optional<std::string> completion_script(const std::string& shell,
                                             const std::vector<CommandLine::Entry>& entries) {
  if (shell == "bash") return bash(entries);
  if (shell == "zsh") return zsh(entries);
  if (shell == "fish") return fish(entries);
  return std::nullopt;
}

}  // namespace hikae::cli
