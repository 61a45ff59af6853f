// SPDX-License-Identifier: Apache-2.0
// What calls the tick on this machine: the files that we write for it, and all that can be found.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "policy/time_zone.h"

namespace hikae {

enum class TriggerKind { systemd, cron };

struct TriggerSettings {
  std::string program;                     // absolute path
  std::string policy_file;                 // absolute path
  std::vector<std::string> local_folders;  // of destinations on this machine: made writable
};

struct TriggerFile {
  std::string path;  // absolute, below the root
  std::string content;
};

// The first line of every file that we write; one without it is an administrator's.
inline constexpr const char* kTriggerMark = "# Written by: hikae schedule install";

// A timer that ticks every five minutes and catches up after a power cut, and the hardened service
// that it starts; or one line for cron. Pure.
std::vector<TriggerFile> plan_trigger_files(TriggerKind kind, const TriggerSettings& settings);

// Something that starts this program by the clock.
struct Trigger {
  enum class Kind { timer, cron_d, crontab, user_crontab, cron_folder, anacron };
  Kind kind = Kind::timer;
  std::string file;  // as seen below the root
  int line = 0;      // 0: the whole file
  std::string when;  // as written there
  std::string command;
  std::optional<std::chrono::seconds> interval;  // the longest pause; absent: cannot be told
  bool ticks = false;                            // calls `run --due`; else runs by hand
  bool is_ours = false;
  bool is_enabled = true;  // of a timer: something wants it
};

// Reads the timers, crontabs and cron folders below `root` ("" for this machine). `zone` is the
// machine's. What cannot be read (a user's crontab, without root) is left out.
std::vector<Trigger> find_triggers(const std::string& root, const policy::TimeZone& zone);

// What a person should know of them together: none, several, only rare ones. Pure.
std::vector<Text> judge_triggers(const std::vector<Trigger>& triggers);

}  // namespace hikae
