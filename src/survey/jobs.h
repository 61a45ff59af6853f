// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "survey/rooted.h"
#include "survey/script_actions.h"

namespace hikae::survey {

// Something that a machine does by the clock.
struct Job {
  std::string file;
  int line = 1;
  std::string schedule;  // as it stands there: "0 2 * * *", "@daily", "cron.daily", OnCalendar
  std::string user;      // empty: not said
  std::string command;   // a shell's command line; of cron.daily and the like the script's path

  bool operator==(const Job&) const = default;
};

// Crontabs (system, cron.d, users'), the folders cron.hourly … cron.monthly, and systemd timers
// with the ExecStart of their service.
std::vector<Job> find_jobs(const Root& root);

enum class CrontabForm { with_user, without_user };
// The jobs of one crontab. Pure.
std::vector<Job> parse_crontab(std::string_view text, std::string_view file, CrontabForm form);

// What a job does: its command, and the shell scripts that it calls, three deep at most.
std::vector<ScriptAction> actions_of(const Job& job, const Root& root);

}  // namespace hikae::survey
