// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "base/json.h"
#include "cli/cmd_policy.h"
#include "cli/slot_views.h"
#include "cli/tick_output.h"
#include "format/time.h"
#include "os/files.h"
#include "os/process.h"
#include "policy/convert_schedule.h"
#include "scheduler/tick.h"
#include "scheduler/triggers.h"
#include "storage/location.h"

namespace hikae::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTimer = "/etc/systemd/system/hikae.timer";
constexpr const char* kService = "/etc/systemd/system/hikae.service";
constexpr const char* kServiceUntilReboot = "/run/systemd/system/hikae.service";
constexpr const char* kCronFile = "/etc/cron.d/hikae";
constexpr const char* kRunningSystemd = "/run/systemd/system";
constexpr const char* kWants = "/etc/systemd/system/timers.target.wants/hikae.timer";
constexpr std::size_t kLargestFile = std::size_t{1} << 20U;

struct Options {
  std::string root;
  std::string with = "auto";
  bool dry_run = false;
  std::string text;
  std::string to;
  std::string zone;
};

policy::TimeZone zone_of(const policy::Policy& policy) {
  return policy.timezone.empty() ? policy::TimeZone::utc()
                                 : policy::TimeZone::named(policy.timezone);
}

std::string root_of(const Options& options) {
  return options.root == "/" ? std::string() : options.root;
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

TriggerKind kind_of(const Options& options) {
  if (options.with == "cron") return TriggerKind::cron;
  if (options.with == "systemd") return TriggerKind::systemd;
  return exists(root_of(options) + kRunningSystemd) ? TriggerKind::systemd : TriggerKind::cron;
}

std::string own_program() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (!error) return path.string();
  throw system_error(error.value(), text("cli_schedule.no_own_path"))
      .with_hint(text("cli_schedule.no_own_path_hint"));
}

void remove_file(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw system_error(error.value(), text("cli_schedule.not_removed", {{"file", path}}));
}

TriggerSettings settings_for(const Session& session, const LoadedPolicy& loaded) {
  TriggerSettings settings;
  settings.program = own_program();
  settings.policy_file = loaded.path.starts_with('/')
                             ? loaded.path
                             : session.environment.working_directory + "/" + loaded.path;
  for (const policy::Destination& destination : loaded.policy.destinations) {
    const Location location =
        parse_location(destination.url, session.environment.working_directory);
    if (location.scheme == "local") settings.local_folders.push_back(location.path);
  }
  return settings;
}

bool is_ours(const std::string& path) {
  const std::string content(as_text(os::read_file(path, kLargestFile)));
  return content.starts_with(std::string(kTriggerMark) + "\n");
}

bool has_cron(const std::string& root) {
  constexpr std::array kDaemons = {"/usr/sbin/cron", "/usr/sbin/crond", "/usr/bin/crond"};
  return std::any_of(
      kDaemons.begin(), kDaemons.end(), [&](const char* path) { return exists(root + path); });
}

// An administrator's own file of this name is never touched.
void require_ours(const std::string& path) {
  if (!exists(path) || is_ours(path)) return;
  throw Error(ErrorCode::already_exists, text("cli_schedule.not_ours", {{"file", path}}))
      .with_hint(text("cli_schedule.not_ours_hint"));
}

std::string systemctl(const Session& session, std::vector<std::string> arguments) {
  os::ProcessRequest request;
  request.argv = {"systemctl"};
  request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
  request.timeout = std::chrono::minutes(1);
  os::ProcessResult result = os::run_process(request, session.stop);
  if (result.exit_code == 0) return std::move(result.output);
  throw Error(ErrorCode::io,
              text("cli_schedule.systemctl_failed",
                   {{"arguments", arguments.front()}, {"reason", result.errors}}));
}

void write_file(const std::string& path, const std::string& content) {
  os::ensure_directory(fs::path(path).parent_path().string(), 0755);
  os::WriteOptions how;
  how.mode = 0644;  // cron and systemd refuse or complain about others
  how.if_exists = os::IfExists::replace;
  os::write_file_durably(path, {as_bytes(content)}, how);
}

void write_files(const Options& options, const std::vector<TriggerFile>& files) {
  const std::string root = root_of(options);
  for (const TriggerFile& file : files) require_ours(root + file.path);
  for (const TriggerFile& file : files) write_file(root + file.path, file.content);
}

int install(const Session& session, const Options& options) {
  const LoadedPolicy loaded = load_policy(session);
  const TriggerKind kind = kind_of(options);
  const auto files = plan_trigger_files(kind, settings_for(session, loaded));
  for (const TriggerFile& file : files) {
    session.console.say(text("cli_schedule.writes", {{"file", root_of(options) + file.path}}));
    if (options.dry_run) session.console.print(file.content + "\n");
  }
  if (options.dry_run) return 0;
  write_files(options, files);
  if (kind == TriggerKind::systemd && root_of(options).empty()) {
    systemctl(session, {"daemon-reload"});
    systemctl(session, {"enable", "--now", "hikae.timer"});
  } else if (kind == TriggerKind::systemd) {
    const std::string link = options.root + kWants;
    os::ensure_directory(fs::path(link).parent_path().string(), 0755);
    std::error_code error;
    if (!exists(link)) fs::create_symlink(kTimer, link, error);
    if (error) throw system_error(error.value(), text("cli_schedule.not_linked", {{"file", link}}));
  }
  session.console.say(text("cli_schedule.installed"));
  if (kind == TriggerKind::cron && !has_cron(root_of(options)))
    session.console.warning(text("cli_schedule.no_cron"));
  return 0;
}

std::string place_of(const Trigger& trigger) {
  return trigger.line > 0 ? trigger.file + ":" + std::to_string(trigger.line) : trigger.file;
}

// Whoever takes the schedule away, perhaps with the program, must hear of what would still call it.
void tell_what_stays(const Session& session, const std::string& root) {
  const auto triggers = find_triggers(root, policy::TimeZone::utc());
  for (const Trigger& trigger : triggers) {
    session.console.say(
        text("cli_schedule.stays",
             {{"place", place_of(trigger)}, {"when", trigger.when}, {"command", trigger.command}}));
  }
  if (triggers.empty()) session.console.say(text("cli_schedule.none_left"));
}

bool contains(const std::vector<std::string>& paths, const char* path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

// Our service stays when a timer of the administrator's starts it.
std::vector<std::string> removable_below(const std::string& root) {
  std::vector<std::string> found;
  const auto is_there = [&](const std::string& path) { return exists(root + path); };
  const bool others_timer = is_there(kTimer) && !is_ours(root + kTimer);
  for (const char* path : {kTimer, kService, kServiceUntilReboot, kCronFile}) {
    if (path == std::string_view(kService) && others_timer) continue;
    if (is_there(path) && is_ours(root + path)) found.emplace_back(path);
  }
  return found;
}

// Stops the timer among `ours`, and takes from these what a run that is under way needs to go on.
void stop_units(const Session& session, std::vector<std::string>& ours) {
  if (contains(ours, kTimer)) systemctl(session, {"disable", "--now", "hikae.timer"});
  if (!contains(ours, kService) && !contains(ours, kServiceUntilReboot)) return;
  const std::string state =
      systemctl(session, {"show", "--property=ActiveState", "--value", "hikae.service"});
  // Nobody could make it good any more: it would be listed as failed for ever.
  if (state == "failed\n") systemctl(session, {"reset-failed", "hikae.service"});
  if (state == "inactive\n" || state == "failed\n") return;
  // Without a unit, systemd would give the run the default limits, and end one that took longer.
  if (contains(ours, kService))
    write_file(kServiceUntilReboot, std::string(as_text(os::read_file(kService, kLargestFile))));
  std::erase(ours, kServiceUntilReboot);
  session.console.say(text("cli_schedule.under_way", {{"file", kServiceUntilReboot}}));
}

// A file of the administrator's among them stays, and is told of when ours are gone.
int remove(const Session& session, const Options& options) {
  const std::string root = root_of(options);
  std::vector<std::string> ours = removable_below(root);
  const bool is_live = root.empty() && exists(kRunningSystemd) && !options.dry_run;
  if (is_live) stop_units(session, ours);
  for (const std::string& path : ours) {
    session.console.say(text("cli_schedule.removes", {{"file", root + path}}));
    if (!options.dry_run) remove_file(root + path);
  }
  const bool is_wanted = exists(root + kWants) && !exists(root + kTimer);
  if (is_wanted && !options.dry_run) remove_file(root + kWants);
  if (is_live && !ours.empty()) systemctl(session, {"daemon-reload"});
  if (ours.empty()) session.console.say(text("cli_schedule.nothing_to_remove"));
  if (!options.dry_run) tell_what_stays(session, root);
  for (const char* path : {kTimer, kService, kCronFile}) {
    if (!contains(ours, path)) require_ours(root + path);
  }
  return 0;
}

void print_groups(const Session& session,
                  const policy::Policy& policy,
                  const std::vector<GroupView>& views) {
  const Language language = session.console.language();
  Table table;
  for (const char* heading :
       {"cli_schedule.job", "cli_schedule.schedule", "cli_schedule.next", "cli_schedule.last"})
    table.add_column(render(text(heading), language));
  for (const GroupView& view : views) {
    std::string job = render(job_word(view.group.job), language);
    const bool is_part =
        view.group.job == "backup" && view.group.sources.size() != policy.sources.size();
    if (is_part) job += " (" + joined(view.group.sources) + ")";
    std::string last = "-";
    if (view.last) {
      last = policy::policy_time(policy.timezone, view.last->id.scheduled) + " " +
             render(state_word(view.last->state), language);
    }
    for (std::size_t i = 0; i < view.next.size(); ++i) {
      table.add_row({i == 0 ? job : "",
                     i == 0 ? view.group.schedule.text() : "",
                     policy::policy_time(policy.timezone, view.next[i]),
                     i == 0 ? last : ""});
    }
  }
  session.console.print(table.render());
}

void print_triggers(const Session& session, const std::vector<Trigger>& triggers) {
  for (const Trigger& trigger : triggers) {
    session.console.say(
        text("cli_schedule.trigger",
             {{"place", place_of(trigger)}, {"when", trigger.when}, {"command", trigger.command}}));
  }
  for (const Text& finding : judge_triggers(triggers)) session.console.warning(finding);
}

std::string to_json(const policy::Policy& policy,
                    const std::vector<GroupView>& views,
                    const std::vector<Trigger>& triggers) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("jobs").begin_array();
  for (const GroupView& view : views) {
    json.begin_object().member("job", view.group.job).member("group", view.group.group);
    json.member("schedule", view.group.schedule.text()).key("next").begin_array();
    for (const Instant next : view.next) json.value(moment_for_machines(next, zone_of(policy)));
    json.end_array();
    if (view.last) {
      json.member("last", format::to_rfc3339(format::to_timestamp(view.last->id.scheduled)));
      json.member("last_state", render(state_word(view.last->state), Language::en));
    }
    json.end_object();
  }
  json.end_array().key("triggers").begin_array();
  for (const Trigger& trigger : triggers) {
    json.begin_object().member("file", trigger.file).member("when", trigger.when);
    json.member("line", static_cast<std::uint64_t>(trigger.line));
    json.member("command", trigger.command);
    json.key("due").boolean(trigger.ticks);
    json.end_object();
  }
  json.end_array().key("notes").begin_array();
  for (const Text& finding : judge_triggers(triggers)) json.value(render(finding, Language::en));
  json.end_array().end_object();
  return out + "\n";
}

int show(const Session& session, const Options& options) {
  const LoadedPolicy loaded = load_policy(session);
  const auto journal = Journal::open_lenient(
      session.environment.state_directory, session.environment.clock, session.environment.log);
  const auto views = view_groups(session, loaded.policy, *journal);
  const auto triggers = find_triggers(root_of(options), zone_of(loaded.policy));
  if (session.options.json) {
    session.console.print(to_json(loaded.policy, views, triggers));
    return 0;
  }
  print_groups(session, loaded.policy, views);
  print_triggers(session, triggers);
  session.console.say(text("cli_schedule.zone", {{"zone", loaded.policy.timezone}}));
  return 0;
}

int convert(const Session& session, const Options& options) {
  const policy::TimeZone zone =
      options.zone.empty() ? policy::TimeZone::utc() : policy::TimeZone::named(options.zone);
  const policy::Schedule schedule = policy::parse_schedule(options.text, zone);
  bool is_one_possible = false;
  std::optional<Error> refusal;
  for (const policy::ScheduleForm form : policy::kScheduleForms) {
    const std::string name(policy::to_string(form));
    if (!options.to.empty() && options.to != name) continue;
    try {
      const std::string converted = policy::convert_schedule(schedule, form);
      session.console.print(options.to.empty() ? name + ": " + converted + "\n" : converted + "\n");
      is_one_possible = true;
    } catch (const Error& error) {
      if (!options.to.empty()) throw;
      session.console.print(name + ": -\n");
      session.console.warning(
          text("cli_schedule.not_convertible",
               {{"form", name}, {"reason", render(error, session.console.language())}}));
    }
  }
  session.console.say_error(text("cli_schedule.convert_zone", {{"zone", schedule.zone().name()}}));
  return is_one_possible ? 0 : 1;
}

void add_place(Command& command, const std::shared_ptr<Options>& options) {
  command.option("--root", options->root, "DIR", text("cli_schedule.help_root"));
}

}  // namespace

void add_schedule(Command& root, const Session& session) {
  auto options = std::make_shared<Options>();
  Command& group = root.add_group("schedule", text("cli_schedule.help"));
  Command& installing =
      group.add_command("install", text("cli_schedule.help_install"), [&session, options] {
        return install(session, *options);
      });
  installing.choice(
      "--with", options->with, {"auto", "systemd", "cron"}, text("cli_schedule.help_with"));
  installing.flag("-n,--dry-run", options->dry_run, text("cli_schedule.help_dry_run"));
  add_place(installing, options);
  Command& showing = group.add_command("show", text("cli_schedule.help_show"), [&session, options] {
    return show(session, *options);
  });
  add_place(showing, options);
  Command& removing = group.add_command("remove",
                                        text("cli_schedule.help_remove"),
                                        [&session, options] { return remove(session, *options); });
  removing.flag("-n,--dry-run", options->dry_run, text("cli_schedule.help_dry_run"));
  add_place(removing, options);
  Command& converting =
      group.add_command("convert", text("cli_schedule.help_convert"), [&session, options] {
        return convert(session, *options);
      });
  converting.argument("SCHEDULE", options->text, text("cli_schedule.help_convert_text"));
  converting.choice("--to",
                    options->to,
                    {"words", "cron", "oncalendar", "eventbridge"},
                    text("cli_schedule.help_to"));
  converting.option("--timezone", options->zone, "ZONE", text("cli_schedule.help_timezone"));
}

}  // namespace hikae::cli
