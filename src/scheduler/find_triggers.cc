// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <functional>
#include <sstream>

#include "base/bytes.h"
#include "base/error.h"
#include "os/files.h"
#include "policy/schedule.h"
#include "scheduler/triggers.h"
#include "survey/jobs.h"

namespace hikae {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr std::size_t kLargestFile = std::size_t{1} << 20U;
constexpr int kFiringsSeen = 50;

std::vector<std::string> lines_of(const std::string& path) {
  std::string content;
  try {
    content = std::string(as_text(os::read_file(path, kLargestFile)));
  } catch (const Error&) {
    return {};
  }
  std::vector<std::string> lines;
  std::istringstream stream(content);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) files.push_back(at->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The longest pause between firings, as far as a month or so shows.
std::optional<seconds> longest_pause(const std::string& when, const policy::TimeZone& zone) {
  try {
    const policy::Schedule schedule = policy::parse_schedule(when, zone);
    std::optional<Instant> last = schedule.next_after(Instant(std::chrono::hours(24 * 365 * 50)));
    std::optional<seconds> longest;
    for (int i = 0; i < kFiringsSeen && last; ++i) {
      const auto next = schedule.next_after(*last);
      if (!next) break;
      const auto pause = std::chrono::duration_cast<seconds>(*next - *last);
      longest = std::max(longest.value_or(pause), pause);
      last = next;
    }
    return longest;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// "hikae … run" as words of a command; not "hikae-something", and not a comment.
bool calls_us(const std::string& command) {
  std::istringstream words(command);
  bool is_ours = false;
  for (std::string word; words >> word;) {
    word.erase(
        std::remove_if(
            word.begin(), word.end(), [](char c) { return c == '"' || c == '\'' || c == ';'; }),
        word.end());
    if (word.starts_with('#')) return false;
    if (word == "hikae" || word.ends_with("/hikae")) is_ours = true;
    if (is_ours && (word == "run" || word == "backup")) return true;
  }
  return false;
}

bool is_tick(const std::string& command) {
  return command.find("--due") != std::string::npos;
}

class Finder {
 public:
  Finder(std::string root, const policy::TimeZone& zone) : root_(std::move(root)), zone_(zone) {}

  std::vector<Trigger> find() && {
    for (const char* folder :
         {"/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"})
      find_timers(folder);
    find_crontab("/etc/crontab", Trigger::Kind::crontab);
    for (const std::string& file : files_in(root_ + "/etc/cron.d")) {
      // cron passes over what dpkg or an editor put aside.
      if (fs::path(file).filename().string().find_first_of(".~#") == std::string::npos)
        find_crontab(below(file), Trigger::Kind::cron_d);
    }
    for (const std::string& file : files_in(root_ + "/var/spool/cron/crontabs"))
      find_crontab(below(file), Trigger::Kind::user_crontab);
    find_in_folder("/etc/cron.hourly", "hourly", std::chrono::hours(1));
    find_in_folder("/etc/cron.daily", "daily", std::chrono::hours(24));
    find_in_folder("/etc/cron.weekly", "weekly", std::chrono::hours(24 * 7));
    find_in_folder("/etc/cron.monthly", "monthly", std::chrono::hours(24 * 31));
    find_anacron();
    return std::move(found_);
  }

 private:
  std::string below(const std::string& path) const { return path.substr(root_.size()); }

  bool is_ours(const std::vector<std::string>& lines) const {
    return !lines.empty() && lines.front() == kTriggerMark;
  }

  // The command of the service that a timer starts: the unit of its name in any folder, unless
  // Unit= says another.
  std::string command_of(const std::string& unit) const {
    for (const char* folder :
         {"/etc/systemd/system/", "/run/systemd/system/", "/usr/lib/systemd/system/"}) {
      for (const std::string& line : lines_of(root_ + folder + unit)) {
        if (line.starts_with("ExecStart=")) return line.substr(10);
      }
    }
    return {};
  }

  bool is_wanted(const std::string& unit) const {
    std::error_code error;
    return fs::exists(
        fs::symlink_status(root_ + "/etc/systemd/system/timers.target.wants/" + unit, error));
  }

  // The command that starts this program: this one, or one in a script that it calls. Empty: none.
  std::string resolved(const std::string& command) const {
    if (calls_us(command)) return command;
    const survey::Job job{{}, 1, {}, {}, command};
    for (const survey::ScriptAction& action : survey::actions_of(job, survey::Root(root_))) {
      if (action.kind == survey::ScriptAction::Kind::starts_hikae) return action.command;
    }
    return {};
  }

  void find_timers(const std::string& folder) {
    for (const std::string& file : files_in(root_ + folder)) {
      if (!file.ends_with(".timer")) continue;
      const std::string name = fs::path(file).filename().string();
      // The administrator's copy goes before the packaged one.
      const bool is_known = std::any_of(found_.begin(), found_.end(), [&](const Trigger& other) {
        return other.kind == Trigger::Kind::timer && fs::path(other.file).filename() == name;
      });
      if (is_known) continue;
      Trigger trigger;
      trigger.file = below(file);
      std::string unit = name.substr(0, name.size() - 6) + ".service";
      const auto lines = lines_of(file);
      for (const std::string& line : lines) {
        if (line.starts_with("OnCalendar=")) trigger.when = line.substr(11);
        if (line.starts_with("Unit=")) unit = line.substr(5);
      }
      trigger.command = resolved(command_of(unit));
      if (trigger.command.empty()) continue;
      trigger.interval = longest_pause(trigger.when, zone_);
      trigger.is_ours = is_ours(lines);
      trigger.is_enabled = is_wanted(name);
      add(std::move(trigger));
    }
  }

  // Five fields or @word, a user in the system's own tables, the command.
  void find_crontab(const std::string& path, Trigger::Kind kind) {
    const auto lines = lines_of(root_ + path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::istringstream words(lines[i]);
      std::string first;
      if (!(words >> first) || first.starts_with('#')) continue;
      std::string when = first;
      if (!first.starts_with('@')) {
        for (int field = 1; field < 5; ++field) {
          std::string word;
          words >> word;
          when += " " + word;
        }
      }
      if (kind != Trigger::Kind::user_crontab) {
        std::string user;
        words >> user;
      }
      Trigger trigger;
      std::getline(words >> std::ws, trigger.command);
      trigger.command = resolved(trigger.command);
      if (trigger.command.empty()) continue;
      trigger.kind = kind;
      trigger.file = path;
      trigger.line = static_cast<int>(i) + 1;
      trigger.when = when;
      trigger.interval = longest_pause(when, zone_);
      trigger.is_ours = is_ours(lines);
      add(std::move(trigger));
    }
  }

  void find_in_folder(const std::string& folder, const std::string& when, seconds interval) {
    for (const std::string& file : files_in(root_ + folder)) {
      const std::string name = fs::path(file).filename().string();
      // run-parts takes no name with a dot.
      if (name.find('.') != std::string::npos) continue;
      Trigger trigger;
      trigger.kind = Trigger::Kind::cron_folder;
      trigger.file = below(file);
      trigger.when = when;
      trigger.interval = interval;
      const auto lines = lines_of(file);
      for (std::size_t i = 0; i < lines.size() && trigger.command.empty(); ++i) {
        if (!calls_us(lines[i])) continue;
        trigger.line = static_cast<int>(i) + 1;
        trigger.command = lines[i];
      }
      if (trigger.command.empty()) trigger.command = resolved(trigger.file);
      if (!trigger.command.empty()) add(std::move(trigger));
    }
  }

  // Period in days, delay, name, command.
  void find_anacron() {
    const auto lines = lines_of(root_ + "/etc/anacrontab");
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::istringstream words(lines[i]);
      std::string period;
      std::string delay;
      std::string name;
      if (!(words >> period >> delay >> name) || period.starts_with('#')) continue;
      Trigger trigger;
      std::getline(words >> std::ws, trigger.command);
      trigger.command = resolved(trigger.command);
      if (trigger.command.empty()) continue;
      trigger.kind = Trigger::Kind::anacron;
      trigger.file = "/etc/anacrontab";
      trigger.line = static_cast<int>(i) + 1;
      trigger.when = period;
      const bool is_number = period.find_first_not_of("0123456789") == std::string::npos;
      if (is_number && period.size() < 5)
        trigger.interval = std::chrono::hours(24 * std::stoi(period));
      add(std::move(trigger));
    }
  }

  void add(Trigger trigger) {
    trigger.ticks = is_tick(trigger.command);
    found_.push_back(std::move(trigger));
  }

  const std::string root_;
  const policy::TimeZone& zone_;
  std::vector<Trigger> found_;
};

// What comes at least that often delays nobody.
constexpr std::chrono::hours kOften{1};

}  // namespace

std::vector<Trigger> find_triggers(const std::string& root, const policy::TimeZone& zone) {
  return Finder(root, zone).find();
}

std::vector<Text> judge_triggers(const std::vector<Trigger>& triggers) {
  std::vector<Text> findings;
  std::string files;
  std::size_t active = 0;
  std::optional<seconds> shortest;
  for (const Trigger& trigger : triggers) {
    if (!trigger.is_enabled) {
      findings.push_back(text("service_triggers.not_enabled", {{"file", trigger.file}}));
      continue;
    }
    if (!trigger.ticks) {
      findings.push_back(text("service_triggers.by_hand", {{"file", trigger.file}}));
      continue;
    }
    ++active;
    files += (files.empty() ? "" : ", ") + trigger.file;
    if (trigger.interval)
      shortest = std::min(shortest.value_or(*trigger.interval), *trigger.interval);
  }
  if (active == 0) findings.push_back(text("service_triggers.none"));
  if (active > 1) findings.push_back(text("service_triggers.several", {{"files", files}}));
  if (active > 0 && (!shortest || *shortest > kOften)) {
    findings.push_back(text("service_triggers.rare", {{"files", files}}));
  }
  return findings;
}

}  // namespace hikae
