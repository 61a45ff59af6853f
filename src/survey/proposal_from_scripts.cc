// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf8.h"
#include "policy/load.h"
#include "policy/table.h"
#include "policy/values.h"
#include "survey/jobs.h"
#include "survey/proposal.h"

namespace hikae::survey {
namespace {

using Kind = ScriptAction::Kind;

std::string quoted(std::string_view value) {
  return policy::write_scalar(value, policy::Kind::path);
}

std::string place_of(const ScriptAction& action) {
  return action.file + ":" + std::to_string(action.line);
}

// "/srv/share/*" and "/srv/share/" are the folder; where only a shell knows the name, what is
// above it.
std::string folder_of(std::string path) {
  const std::size_t open = path.find_first_of("$`*?[");
  if (open != std::string::npos) path = path.substr(0, path.rfind('/', open));
  return path.empty() ? "" : without_slash_at_end(path);
}

bool is_on_this_machine(const std::string& path) {
  return path.starts_with('/');
}

// One folder up, or where it is when nothing lies above: "s3://bucket/daily" gives "s3://bucket".
std::string above(const std::string& place) {
  const std::size_t begin = place.starts_with("s3://") ? 5 : place.find('/');
  const std::size_t slash = place.rfind('/');
  if (begin == std::string::npos || slash == std::string::npos || slash <= begin) return place;
  return place.substr(0, slash);
}

// A dump goes into a file: "/backup/shop.sql". (pg_dump -Fd and pg_basebackup write folders.)
std::string folder_of_dump(const ScriptAction& action, const std::string& target) {
  const std::size_t slash = target.rfind('/');
  const bool is_file = action.kind == ScriptAction::Kind::dumps_cluster &&
                       slash != std::string::npos && slash > 0 &&
                       target.find('.', slash) != std::string::npos;
  return is_file ? target.substr(0, slash) : target;
}

// The address of a repository beside what a script writes to.
std::string repository_at(const std::string& target) {
  if (target.starts_with("s3://")) return without_slash_at_end(folder_of(target)) + "/hikae";
  const std::size_t colon = target.find(':');
  if (colon == std::string::npos || colon > target.find('/'))
    return is_on_this_machine(target) ? folder_of(target) + "/hikae" : "";
  if (target.substr(colon).starts_with("::")) return "";  // an rsync server: no way for us
  std::string path = folder_of(target.substr(colon + 1));
  if (path.empty()) return "";
  if (!path.starts_with('/')) path = "/~/" + path;
  return "sftp://" + target.substr(0, colon) + path + "/hikae";
}

class FromScripts {
 public:
  explicit FromScripts(Proposal& proposal) : proposal_(proposal) {}

  void take_all(const std::vector<ScriptAction>& actions) {
    for (const ScriptAction& action : actions) {
      if (action.kind == Kind::copies || action.kind == Kind::uploads ||
          action.kind == Kind::dumps_cluster || action.kind == Kind::dumps_container ||
          action.kind == Kind::saves_volume)
        if (!action.target.empty()) targets_.push_back(folder_of(action.target));
    }
    for (const ScriptAction& action : actions) {
      if (action.kind == Kind::expires || action.kind == Kind::removes) {
        for (const std::string& path : action.sources) deleted_.push_back(folder_of(path));
      }
    }
    for (const ScriptAction& action : actions) take(action);
  }

  void schedule(const Job& job) {
    if (job.schedule.empty() || has_schedule_) return;
    has_schedule_ = true;
    proposal_.schedule_comments.push_back(
        text("survey.from_cron",
             {{"place", job.file + ":" + std::to_string(job.line)}, {"schedule", job.schedule}}));
    if (job.schedule == "@daily" || job.schedule == "@midnight") {
      proposal_.backup_schedule = "daily 00:00";
    } else if (job.schedule == "@hourly") {
      proposal_.backup_schedule = "hourly";
    } else if (job.schedule[0] != '@') {
      proposal_.backup_schedule = job.schedule;
    }
  }

  // What a script says may be no valid policy (a schedule of the 99th hour, a name that YAML cannot
  // hold): then it stays as a comment, for a person to judge.
  void finish() {
    for (ProposedEntry& entry : proposal_.sources) judge(entry, &Proposal::sources);
    for (ProposedEntry& entry : proposal_.destinations) judge(entry, &Proposal::destinations);
    Proposal scheduled = smallest();
    scheduled.backup_schedule = proposal_.backup_schedule;
    if (!is_accepted(scheduled)) proposal_.backup_schedule = Proposal().backup_schedule;
    std::erase_if(proposal_.mail_to, [](const std::string& address) {
      Proposal mailed = smallest();
      mailed.mail_to = {address};
      return !is_accepted(mailed);
    });
    if (!has_usable(proposal_.sources)) {
      proposal_.sources.push_back({proposed_name("config", proposal_.sources),
                                   {text("survey.from_no_source")},
                                   {"files: [/etc]"},
                                   {}});
    }
    if (!has_usable(proposal_.destinations)) {
      proposal_.destinations.push_back({proposed_name("nas", proposal_.destinations),
                                        {text("survey.from_no_destination")},
                                        {"url: sftp://backupuser@nas/backup/hikae"},
                                        {}});
    }
  }

 private:
  static Proposal smallest() {
    Proposal proposal;
    proposal.name = "host";
    proposal.timezone = "UTC";
    proposal.sources = {{"config", {}, {"files: [/etc]"}, {}}};
    proposal.destinations = {{"nas", {}, {"url: /nas"}, {}}};
    return proposal;
  }
  static bool is_accepted(const Proposal& proposal) {
    try {
      policy::parse_policy(render_proposal(proposal, Language::en), "proposal");
      return true;
    } catch (const Error&) {  // the answer to the question
      return false;
    }
  }
  static void judge(ProposedEntry& entry, std::vector<ProposedEntry> Proposal::*where) {
    Proposal proposal = smallest();
    proposal.*where = {entry};
    if (!is_accepted(proposal)) entry.use = ProposedEntry::Use::as_comment;
  }
  static bool has_usable(const std::vector<ProposedEntry>& entries) {
    return std::any_of(entries.begin(), entries.end(), [](const ProposedEntry& entry) {
      return entry.use == ProposedEntry::Use::yes;
    });
  }

  void take(const ScriptAction& action) {
    switch (action.kind) {
      case Kind::copies:
      case Kind::uploads:
        for (const std::string& source : action.sources) files(action, source);
        destination(action);
        if (action.deletes_at_target) note("survey.from_mirror", action);
        break;
      case Kind::dumps_cluster:
        cluster(action);
        destination(action);
        break;
      case Kind::dumps_container:
        container(action);
        destination(action);
        break;
      case Kind::saves_volume:
        for (const std::string& volume : action.sources) volume_of(action, volume);
        destination(action);
        break;
      case Kind::expires:
        expiry(action);
        break;
      case Kind::mails:
        mail(action);
        break;
      case Kind::unknown:
        note("survey.from_unknown", action);
        break;
      case Kind::removes:
        note("survey.from_removes", action);
        break;
      case Kind::calls:
        note("survey.from_calls", action);
        break;
      case Kind::starts_hikae:
      case Kind::harmless:
        break;
    }
  }

  void note(std::string_view key, const ScriptAction& action) {
    proposal_.tail.push_back(
        {std::string(key), {{"place", place_of(action)}, {"command", action.command}}});
  }
  static Text from(const ScriptAction& action) {
    return text("survey.from_line", {{"place", place_of(action)}, {"command", action.command}});
  }

  // What an earlier line wrote is no source: it is on its way to the next copy.
  bool is_target(const std::string& path) const {
    return std::any_of(targets_.begin(), targets_.end(), [&](const std::string& target) {
      return lies_in(path, target) || lies_in(target, path);
    });
  }

  void files(const ScriptAction& action, const std::string& source) {
    const std::string path = folder_of(source);
    if (path.empty() || !is_on_this_machine(path) || printable(path) != path) {
      note("survey.from_elsewhere", action);
      return;
    }
    if (is_target(path)) return;
    const std::string body = "files: [" + quoted(path) + "]";
    for (ProposedEntry& entry : proposal_.sources) {
      if (entry.body.front() != body) continue;
      entry.comments.push_back(from(action));
      return;
    }
    ProposedEntry entry{proposed_name(path.substr(path.rfind('/') + 1), proposal_.sources),
                        {from(action)},
                        {body},
                        {}};
    if (!action.excludes.empty()) {
      std::string list;
      for (const std::string& pattern : action.excludes)
        list += (list.empty() ? "" : ", ") + policy::write_scalar(pattern, policy::Kind::line);
      entry.body.push_back("exclude: [" + list + "]");
      entry.comments.push_back(text("survey.from_exclude"));
    }
    proposal_.sources.push_back(std::move(entry));
  }

  void add_once(ProposedEntry entry) {
    for (ProposedEntry& other : proposal_.sources) {
      if (other.body != entry.body) continue;
      other.comments.insert(other.comments.end(), entry.comments.begin(), entry.comments.end());
      return;
    }
    entry.name = proposed_name(entry.name, proposal_.sources);
    proposal_.sources.push_back(std::move(entry));
  }

  static std::string databases(const ScriptAction& action) {
    std::string list;
    for (const std::string& name : action.databases) {
      if (name.find('$') != std::string::npos) return "all";
      list += (list.empty() ? "" : ", ") + quoted(name);
    }
    return list.empty() ? "all" : "[" + list + "]";
  }

  // A word that only a shell knows is left to a person.
  static bool is_plain_word(const std::string& word) {
    return word.find_first_of("$`") == std::string::npos && printable(word) == word;
  }

  void cluster(const ScriptAction& action) {
    if (!action.machine.empty()) {
      note("survey.from_elsewhere", action);
      return;
    }
    if (!is_plain_word(action.server) || !is_plain_word(action.port)) {
      note("survey.from_unknown", action);
      return;
    }
    const std::string& server = action.server;
    // By its socket root becomes the user postgres, and needs no password.
    const bool is_local =
        server.empty() || server == "localhost" || server == "127.0.0.1" || server == "::1";
    ProposedEntry entry{"database", {from(action)}, {"postgres:"}, {}};
    if (!is_local) entry.body.push_back("  host: " + quoted(server));
    if (!action.port.empty() && action.port != "5432")
      entry.body.push_back("  port: " + action.port);
    if (is_local || server.starts_with('/')) {
      entry.body.emplace_back("  run_as: postgres");
    } else {
      entry.comments.push_back(text(
          "survey.from_server", {{"example", "password: {file: /etc/hikae/postgres-password}"}}));
      if (!action.user.empty() && is_plain_word(action.user))
        entry.body.push_back("  user: " + quoted(action.user));
    }
    entry.body.push_back(action.is_base ? "  method: [physical]"
                                        : "  databases: " + databases(action));
    add_once(std::move(entry));
  }

  void container(const ScriptAction& action) {
    if (!action.machine.empty()) {
      note("survey.from_elsewhere", action);
      return;
    }
    const bool is_plain = action.container.find_first_of("$`") == std::string::npos &&
                          !action.container.empty() &&
                          printable(action.container) == action.container;
    if (!is_plain) {
      note("survey.from_unknown", action);
      return;
    }
    add_once({action.container,
              {from(action)},
              {"docker_postgres:",
               "  container: " + quoted(action.container),
               "  user: " + quoted(action.user.empty() ? "postgres" : action.user),
               "  databases: " + databases(action)},
              {}});
  }

  void volume_of(const ScriptAction& action, const std::string& volume) {
    add_once({volume, {from(action)}, {"docker_volume: {name: " + quoted(volume) + "}"}, {}});
  }

  // Where neither a mirror nor a find deletes: a repository there would not live long.
  std::string safe_place(const ScriptAction& action) const {
    std::string place = folder_of(action.target);
    if (action.deletes_at_target) place = above(place);
    for (const std::string& deleted : deleted_) {
      for (int times = 0; times < 64 && !deleted.empty() && lies_in(place, deleted); ++times) {
        if (above(place) == place) break;
        place = above(place);
      }
    }
    return place;
  }

  void destination(const ScriptAction& action) {
    const std::string url =
        action.target.empty() ? "" : repository_at(folder_of_dump(action, safe_place(action)));
    if (url.empty() || printable(url) != url || url.find_first_of("$`*?[ ") != std::string::npos)
      return;
    const std::string body = "url: " + policy::write_scalar(url, policy::Kind::location);
    for (ProposedEntry& entry : proposal_.destinations) {
      if (entry.body.front() != body) continue;
      entry.comments.push_back(from(action));
      return;
    }
    // A folder that a later line carries on was a station on the way.
    const std::string name = url.starts_with("s3://")     ? "cloud"
                             : url.starts_with("sftp://") ? "nas"
                                                          : "disk";
    ProposedEntry entry{proposed_name(name, proposal_.destinations),
                        {from(action), text("survey.from_beside")},
                        {body},
                        {}};
    if (url.starts_with("s3://") && action.command.find("--sse") != std::string::npos)
      entry.body.emplace_back("server_side_encryption: AES256");
    proposal_.destinations.push_back(std::move(entry));
  }

  void expiry(const ScriptAction& action) {
    if (!action.days) {
      note("survey.from_removes", action);
      return;
    }
    const int days = std::max(1, *action.days);
    proposal_.retention_comments.push_back(text("survey.from_expiry",
                                                {{"place", place_of(action)},
                                                 {"command", action.command},
                                                 {"days", std::to_string(days)}}));
    longest_ = std::max(longest_, days);
    // What was a number of days by the clock becomes a number of days that have a backup.
    proposal_.retention = "{daily: " + std::to_string(longest_) + "}";
  }

  void mail(const ScriptAction& action) {
    for (const std::string& address : action.recipients) {
      const auto& known = proposal_.mail_to;
      const bool is_address = address.find_first_of(" ,;<>\"()") == std::string::npos &&
                              std::count(address.begin(), address.end(), '@') <= 1 &&
                              !address.starts_with('@') && !address.ends_with('@') &&
                              !address.empty();
      if (!is_address || std::find(known.begin(), known.end(), address) != known.end()) continue;
      proposal_.mail_to.push_back(address);
      proposal_.mail_comments.push_back(from(action));
    }
  }

  Proposal& proposal_;
  std::vector<std::string> targets_;
  std::vector<std::string> deleted_;
  bool has_schedule_ = false;
  int longest_ = 0;
};

// A crontab has a line of five time fields; a script has none.
std::vector<Job> jobs_in(const ScriptFile& file) {
  if (file.content.starts_with("#!")) return {};
  const bool is_system = file.name.find("cron.d") != std::string::npos ||
                         file.name.ends_with("/crontab") || file.name == "crontab";
  return parse_crontab(
      file.content, file.name, is_system ? CrontabForm::with_user : CrontabForm::without_user);
}

}  // namespace

Proposal propose_from_scripts(const std::vector<ScriptFile>& files,
                              std::string_view hostname,
                              std::string_view timezone) {
  Proposal proposal;
  proposal.name = proposed_name(hostname, {});
  proposal.timezone = std::string(timezone);
  FromScripts reader(proposal);
  std::string names;
  std::vector<ScriptAction> actions;
  for (const ScriptFile& file : files) {
    names += (names.empty() ? "" : ", ") + file.name;
    const std::vector<Job> jobs = jobs_in(file);
    for (const Job& job : jobs) {
      reader.schedule(job);
      for (ScriptAction& action : read_script(job.command, job.file, job.line)) {
        // A script that is among the files is read for itself.
        const bool is_given =
            action.kind == Kind::calls &&
            std::any_of(files.begin(), files.end(), [&](const ScriptFile& other) {
              return other.name.substr(other.name.rfind('/') + 1) ==
                     action.sources.front().substr(action.sources.front().rfind('/') + 1);
            });
        if (!is_given) actions.push_back(std::move(action));
      }
    }
    if (jobs.empty()) {
      for (ScriptAction& action : read_script(file.content, file.name))
        actions.push_back(std::move(action));
    }
  }
  proposal.head = {text("survey.from_head", {{"files", names}}), text("survey.proposal_next")};
  reader.take_all(actions);
  reader.finish();
  return proposal;
}

}  // namespace hikae::survey
