// SPDX-License-Identifier: Apache-2.0
#include "survey/script_commands.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace hikae::survey {
namespace {

using Kind = ScriptAction::Kind;
using Words = std::vector<std::string>;

bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Options of a program: which of them take the next word as their value.
struct Parsed {
  Words operands;
  Words options;  // "--exclude=PATTERN" for both ways to write it
};
Parsed parse_options(const Words& words, std::initializer_list<std::string_view> with_value) {
  Parsed parsed;
  for (std::size_t at = 1; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "--") {
      parsed.operands.insert(
          parsed.operands.end(), words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      parsed.operands.push_back(word);
    } else if (std::find(with_value.begin(), with_value.end(), word) != with_value.end() &&
               at + 1 < words.size()) {
      parsed.options.push_back(word + "=" + words[++at]);
    } else {
      parsed.options.push_back(word);
    }
  }
  return parsed;
}

Words values_of(const Parsed& parsed, std::string_view option) {
  Words values;
  const std::string start = std::string(option) + "=";
  for (const std::string& given : parsed.options) {
    if (given.starts_with(start)) {
      values.push_back(given.substr(start.size()));
    } else if (option.size() == 2 && given.starts_with(option) && given.size() > 2) {
      values.push_back(given.substr(2));  // -Upostgres
    }
  }
  return values;
}

// The last one counts, as the programs have it.
void take_value(const Parsed& parsed,
                std::initializer_list<std::string_view> options,
                std::string& value) {
  for (const std::string_view option : options)
    for (const std::string& given : values_of(parsed, option)) value = given;
}

void last_is_target(const Words& operands, ScriptAction& action) {
  if (operands.size() < 2) return;
  action.sources.assign(operands.begin(), operands.end() - 1);
  action.target = operands.back();
}

void rsync(const Words& words, ScriptAction& action) {
  const Parsed parsed = parse_options(words,
                                      {"--exclude",
                                       "--include",
                                       "--exclude-from",
                                       "-e",
                                       "--rsh",
                                       "--link-dest",
                                       "--bwlimit",
                                       "--log-file",
                                       "-f",
                                       "--filter",
                                       "--files-from",
                                       "--password-file",
                                       "--timeout"});
  if (parsed.operands.size() < 2) return;
  action.kind = Kind::copies;
  last_is_target(parsed.operands, action);
  action.excludes = values_of(parsed, "--exclude");
  action.deletes_at_target =
      std::any_of(parsed.options.begin(), parsed.options.end(), [](const std::string& option) {
        return option.starts_with("--del") || option == "--remove-source-files";
      });
}

void copy(const Words& words, ScriptAction& action) {
  const Parsed parsed = parse_options(words, {"-P", "-i", "-F", "-o"});
  if (parsed.operands.size() < 2) return;
  action.kind = Kind::copies;
  last_is_target(parsed.operands, action);
}

// tar czf ARCHIVE PATH…, tar -C FOLDER -cf ARCHIVE PATH…
void tar(const Words& words, ScriptAction& action) {
  if (words.size() < 3) return;
  Words rest(words.begin() + 1, words.end());
  if (!rest.front().empty() && rest.front()[0] != '-') rest.front() = "-" + rest.front();
  std::string base;
  bool creates = false;
  for (std::size_t at = 0; at < rest.size(); ++at) {
    const std::string& word = rest[at];
    const bool is_short = word.size() > 1 && word[0] == '-' && word[1] != '-';
    creates = creates || word == "--create" || (is_short && word.find('c') != std::string::npos);
    if (is_short && word.back() == 'f' && at + 1 < rest.size()) {
      action.target = rest[++at];
    } else if (word == "-C" && at + 1 < rest.size()) {
      base = rest[++at];
    } else if (word.starts_with("--exclude=")) {
      action.excludes.push_back(word.substr(10));
    } else if (word.empty() || word[0] != '-') {
      const bool is_relative = !base.empty() && (word.empty() || word[0] != '/');
      action.sources.push_back(!is_relative ? word : word == "." ? base : base + "/" + word);
    }
  }
  if (creates && !action.sources.empty()) action.kind = Kind::copies;
}

void aws(const Words& words, ScriptAction& action) {
  const Parsed parsed = parse_options(words,
                                      {"--profile",
                                       "--region",
                                       "--exclude",
                                       "--include",
                                       "--sse",
                                       "--storage-class",
                                       "--endpoint-url",
                                       "--acl"});
  const Words& operands = parsed.operands;
  if (operands.size() < 3 || operands[0] != "s3") return;
  if (operands[1] == "rm") {
    action.kind = Kind::removes;
    action.target = operands[2];
    return;
  }
  if (operands.size() < 4 || (operands[1] != "sync" && operands[1] != "cp" && operands[1] != "mv"))
    return;
  action.kind = Kind::uploads;
  action.sources = {operands[2]};
  action.target = operands[3];
  action.excludes = values_of(parsed, "--exclude");
  action.deletes_at_target = contains(parsed.options, "--delete");
}

// find PATH… -mtime +N … -delete | -exec rm …
void find(const Words& words, ScriptAction& action) {
  Words paths;
  std::size_t at = 1;
  for (; at < words.size() && !words[at].starts_with('-') && words[at] != "(" && words[at] != "!";
       ++at)
    paths.push_back(words[at]);
  bool deletes = false;
  for (; at < words.size(); ++at) {
    const std::string& word = words[at];
    const bool is_age = word == "-mtime" || word == "-ctime" || word == "-mmin";
    if (is_age && at + 1 < words.size()) {
      const std::string& age = words[at + 1];
      int number = 0;
      const char* begin = age.data() + (age.starts_with('+') ? 1 : 0);
      const auto read = std::from_chars(begin, age.data() + age.size(), number);
      if (read.ec == std::errc() && number >= 0)
        action.days = word == "-mmin" ? number / (24 * 60) : number;
    }
    deletes = deletes || word == "-delete" || word == "xargs";
    if ((word == "-exec" || word == "-execdir" || word == "-ok") && at + 1 < words.size())
      deletes = deletes || base_name(words[at + 1]) == "rm" || base_name(words[at + 1]) == "rmdir";
  }
  if (!deletes) {
    action.kind = Kind::harmless;
    return;
  }
  action.kind = Kind::expires;
  action.sources = paths;
}

void remove(const Words& words, ScriptAction& action) {
  const Parsed parsed = parse_options(words, {});
  if (parsed.operands.empty()) return;
  action.kind = Kind::removes;
  action.sources = parsed.operands;
}

void dump(const Words& words, ScriptAction& action) {
  const std::string program = base_name(words[0]);
  const Parsed parsed = parse_options(
      words, {"-U",       "-h",         "-p",     "-d",     "-f",       "-F",     "-n",
              "-t",       "-j",         "-Z",     "-l",     "-D",       "-X",     "-T",
              "--pgdata", "--username", "--host", "--port", "--dbname", "--file", "--format"});
  action.kind = Kind::dumps_cluster;
  action.is_base = program == "pg_basebackup";
  take_value(parsed, {"-U", "--username"}, action.user);
  take_value(parsed, {"-h", "--host"}, action.server);
  take_value(parsed, {"-p", "--port"}, action.port);
  if (action.is_base) {
    take_value(parsed, {"-D", "--pgdata"}, action.target);
    return;
  }
  take_value(parsed, {"-f", "--file"}, action.target);
  Words names;
  for (const std::string_view option : {"-d", "--dbname"})
    for (const std::string& name : values_of(parsed, option)) names.push_back(name);
  names.insert(names.end(), parsed.operands.begin(), parsed.operands.end());
  // "host=db01 dbname=shop", "postgresql://…": libpq's own spelling is for a person to read.
  if (std::any_of(names.begin(), names.end(), [](const std::string& name) {
        return name.find('=') != std::string::npos || name.find("://") != std::string::npos;
      })) {
    action.kind = Kind::unknown;
  } else if (program == "pg_dump") {
    action.databases = names;
  }
}

// The words from `at` on: [-t] CONTAINER pg_dumpall …
void docker_exec(const Words& words, std::size_t at, ScriptAction& action) {
  for (; at < words.size() && words[at].starts_with('-'); ++at) {
    const std::string& option = words[at];
    if (option == "-u" || option == "-e" || option == "-w" || option == "--user" ||
        option == "--env")
      ++at;
  }
  if (at + 1 >= words.size()) return;
  ScriptAction inner;
  interpret_command(Words(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end()), inner);
  if (inner.kind != Kind::dumps_cluster) return;
  action.kind = Kind::dumps_container;
  action.container = words[at];
  action.databases = inner.databases;
  action.user = inner.user;
}

// docker exec [-t] CONTAINER pg_dumpall …, docker run -v VOLUME:/path … tar …
void docker(const Words& words, ScriptAction& action) {
  std::size_t at = 1;
  if (at < words.size() && words[at] == "compose") ++at;
  const std::string verb = at < words.size() ? words[at++] : "";
  if (verb == "exec") {
    docker_exec(words, at, action);
    return;
  }
  if (verb == "run") {
    for (; at < words.size(); ++at) {
      const bool is_volume = words[at] == "-v" || words[at] == "--volume";
      if (!is_volume || at + 1 >= words.size()) continue;
      const std::string volume = words[at + 1].substr(0, words[at + 1].find(':'));
      // A path is a folder of the host: where the archive goes.
      (volume.starts_with('/') || volume.starts_with('$') ? action.target
                                                          : action.sources.emplace_back()) = volume;
    }
    if (!action.sources.empty()) action.kind = Kind::saves_volume;
    return;
  }
  if (verb == "stop" || verb == "start" || verb == "pause" || verb == "unpause" ||
      verb == "restart" || verb == "ps" || verb == "inspect")
    action.kind = Kind::harmless;
}

void mail(const Words& words, ScriptAction& action) {
  const Parsed parsed = parse_options(words, {"-s", "-r", "-a", "-c", "-b", "-f"});
  action.kind = Kind::mails;
  for (const std::string& operand : parsed.operands) {
    if (operand.find('$') == std::string::npos) action.recipients.push_back(operand);
  }
}

bool is_harmless(const std::string& program) {
  static constexpr std::array<std::string_view, 42> kPrograms = {
      "echo",   "printf", "mkdir", "cd",    "set",      "export",   "exit",  "test",  "[",
      "[[",     "date",   "true",  "false", ":",        "sleep",    "grep",  "cat",   "gzip",
      "zstd",   "xz",     "tee",   "ls",    "logger",   "trap",     "umask", "shift", "local",
      "return", "read",   "sync",  "mount", "umount",   "chmod",    "chown", "for",   "case",
      "du",     "df",     "unset", "wc",    "hostname", "systemctl"};
  return std::find(kPrograms.begin(), kPrograms.end(), program) != kPrograms.end();
}

bool is_script(const std::string& word) {
  return word.starts_with('/') || word.ends_with(".sh");
}

}  // namespace

std::string base_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool is_xargs_rm(const Words& words) {
  const auto is = [](std::string_view name) {
    return [name](const std::string& word) { return base_name(word) == name; };
  };
  const auto xargs = std::find_if(words.begin(), words.end(), is("xargs"));
  return std::any_of(xargs, words.end(), is("rm")) || std::any_of(xargs, words.end(), is("rmdir"));
}

void interpret_command(const Words& words, ScriptAction& action) {
  const std::string program = base_name(words[0]);
  if (program == "rsync") return rsync(words, action);
  if (program == "cp" || program == "scp") return copy(words, action);
  if (program == "tar") return tar(words, action);
  if (program == "aws") return aws(words, action);
  if (program == "find") return find(words, action);
  if (program == "rm") return remove(words, action);
  if (program == "pg_dumpall" || program == "pg_dump" || program == "pg_basebackup")
    return dump(words, action);
  if (program == "docker" || program == "docker-compose" || program == "podman")
    return docker(words, action);
  if (program == "mail" || program == "mailx" || program == "s-nail" || program == "sendmail")
    return mail(words, action);
  if (program == "hikae") {
    action.kind = contains(words, "run") ? Kind::starts_hikae : Kind::harmless;
    return;
  }
  if (program == "xargs" && is_xargs_rm(words)) {
    action.kind = Kind::removes;
    return;
  }
  if (is_harmless(program)) {
    action.kind = Kind::harmless;
  } else if (is_script(words[0])) {
    action.kind = Kind::calls;
    action.sources = {words[0]};
  }
}

}  // namespace hikae::survey
