// SPDX-License-Identifier: Apache-2.0
#include "survey/jobs.h"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

namespace hikae::survey {
namespace {

constexpr int kDeepest = 3;

// The first `count` words of a line; what follows is left in `rest`.
std::vector<std::string> take_words(std::string& rest, std::size_t count) {
  std::vector<std::string> words;
  while (words.size() < count) {
    rest = trimmed(rest);
    if (rest.empty()) break;
    const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    words.push_back(rest.substr(0, end));
    rest.erase(0, end);
  }
  rest = trimmed(rest);
  return words;
}

bool is_time_field(const std::string& word) {
  return !word.empty() &&
         word.find_first_not_of(
             "0123456789*/,-?LW#"
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos &&
         (std::isdigit(static_cast<unsigned char>(word[0])) != 0 || word[0] == '*');
}

// In a crontab an unescaped % ends the command; \% is a percent sign.
std::string cron_command(const std::string& text) {
  std::string command;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%') break;
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '%') ++at;
    command += text[at];
  }
  return command;
}

void add_crontab(const Root& root,
                 const std::string& file,
                 CrontabForm form,
                 std::vector<Job>& jobs) {
  const auto text = root.read(file);
  if (!text) return;
  for (Job& job : parse_crontab(*text, file, form)) jobs.push_back(std::move(job));
}

void add_cron_folders(const Root& root, std::vector<Job>& jobs) {
  for (const std::string name : {"hourly", "daily", "weekly", "monthly"}) {
    const std::string folder = "/etc/cron." + name;
    for (const std::string& script : root.list(folder)) {
      // run-parts passes over names with a dot.
      if (script.find('.') != std::string::npos) continue;
      const std::string path = folder + "/" + script;
      jobs.push_back({path, 1, "cron." + name, "root", path});
    }
  }
}

constexpr std::array<const char*, 3> kUnitFolders = {
    "/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"};

// Every "KEY=value" of a unit with its line.
struct Setting {
  int line;
  std::string key;
  std::string value;
};
std::vector<Setting> settings_of(const std::string& unit) {
  std::vector<Setting> settings;
  int number = 0;
  for (const std::string& line : lines_of(unit)) {
    ++number;
    const std::size_t equals = line.find('=');
    if (line.empty() || line[0] == '#' || line[0] == ';' || equals == std::string::npos) continue;
    settings.push_back({number, trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1))});
  }
  return settings;
}

void add_service(const Root& root,
                 const std::string& service,
                 const std::string& schedule,
                 std::vector<Job>& jobs) {
  // A template's instance is described by the template.
  const std::size_t at = service.find('@');
  const std::string name =
      at == std::string::npos ? service : service.substr(0, at + 1) + ".service";
  for (const char* folder : kUnitFolders) {
    const std::string file = std::string(folder) + "/" + name;
    const auto unit = root.read(file);
    if (!unit) continue;
    std::string user;
    const auto settings = settings_of(*unit);
    for (const Setting& setting : settings) {
      if (setting.key == "User") user = setting.value;
    }
    for (const Setting& setting : settings) {
      if (setting.key != "ExecStart" || setting.value.empty()) continue;
      const std::size_t begin = setting.value.find_first_not_of("@-:+!");
      if (begin == std::string::npos) continue;
      jobs.push_back({file, setting.line, schedule, user, setting.value.substr(begin)});
    }
    return;
  }
}

void add_timers(const Root& root, std::vector<Job>& jobs) {
  std::set<std::string> seen;
  for (const char* folder : kUnitFolders) {
    for (const std::string& name : root.list(folder)) {
      if (!name.ends_with(".timer") || !seen.insert(name).second) continue;
      const auto unit = root.read(std::string(folder) + "/" + name);
      if (!unit) continue;
      std::string service = name.substr(0, name.size() - 6) + ".service";
      std::string schedule;
      for (const Setting& setting : settings_of(*unit)) {
        if (setting.key == "Unit") service = setting.value;
        if (setting.key.starts_with("On") && schedule.empty()) schedule = setting.value;
      }
      add_service(root, service, schedule, jobs);
    }
  }
}

bool is_shell_script(const std::string& content) {
  if (!content.starts_with("#!")) return false;
  const std::string first = content.substr(0, content.find('\n'));
  return first.find("sh") != std::string::npos;
}

void follow(const std::vector<ScriptAction>& actions,
            const Root& root,
            int depth,
            std::set<std::string>& seen,
            std::vector<ScriptAction>& found) {
  for (const ScriptAction& action : actions) {
    found.push_back(action);
    if (action.kind != ScriptAction::Kind::calls || depth >= kDeepest) continue;
    const std::string& path = action.sources.front();
    if (!path.starts_with('/') || !seen.insert(path).second) continue;
    const auto content = root.read(path);
    if (content && is_shell_script(*content))
      follow(read_script(*content, path), root, depth + 1, seen, found);
  }
}

}  // namespace

std::vector<Job> parse_crontab(std::string_view text, std::string_view file, CrontabForm form) {
  std::vector<Job> jobs;
  int number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    std::string rest = trimmed(line);
    if (rest.empty() || rest[0] == '#') continue;
    std::vector<std::string> fields = take_words(rest, rest[0] == '@' ? 1 : 5);
    const bool is_job =
        fields.front()[0] == '@' ||
        (fields.size() == 5 && std::all_of(fields.begin(), fields.end(), is_time_field));
    if (!is_job) continue;
    Job job{std::string(file), number, "", "", ""};
    for (const std::string& field : fields)
      job.schedule += (job.schedule.empty() ? "" : " ") + field;
    if (form == CrontabForm::with_user) {
      const auto user = take_words(rest, 1);
      if (!user.empty()) job.user = user.front();
    }
    job.command = cron_command(rest);
    if (!job.command.empty()) jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<Job> find_jobs(const Root& root) {
  std::vector<Job> jobs;
  add_crontab(root, "/etc/crontab", CrontabForm::with_user, jobs);
  for (const std::string& name : root.list("/etc/cron.d")) {
    // As cron does: what dpkg or an editor put aside is no job.
    if (name.find_first_of(".~#") != std::string::npos) continue;
    add_crontab(root, "/etc/cron.d/" + name, CrontabForm::with_user, jobs);
  }
  for (const std::string& user : root.list("/var/spool/cron/crontabs")) {
    const std::size_t before = jobs.size();
    add_crontab(root, "/var/spool/cron/crontabs/" + user, CrontabForm::without_user, jobs);
    for (std::size_t at = before; at < jobs.size(); ++at) jobs[at].user = user;
  }
  add_cron_folders(root, jobs);
  add_timers(root, jobs);
  return jobs;
}

std::vector<ScriptAction> actions_of(const Job& job, const Root& root) {
  std::vector<ScriptAction> found;
  std::set<std::string> seen;
  follow(read_script(job.command, job.file, job.line), root, 0, seen, found);
  return found;
}

}  // namespace hikae::survey
