// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/cmd_policy.h"
#include "policy/load.h"

namespace hikae::cli {
namespace {

constexpr int kShownTimes = 3;

// Everything that the verb tells about a valid policy.
struct Checked {
  LoadedPolicy loaded;
  policy::TimeZone zone;
  std::vector<PolicyJob> jobs;
  std::vector<KeptAlike> groups;
  std::vector<PolicyFinding> findings;
  Instant now;
};

Checked check(const Session& session, const std::string& file) {
  LoadedPolicy loaded = load_policy_file(session, file);
  const policy::TimeZone zone = policy::TimeZone::named(loaded.policy.timezone);
  std::vector<PolicyJob> jobs = jobs_of(loaded.policy, zone);
  std::vector<KeptAlike> groups = kept_alike(loaded.policy, "", "");
  std::vector<PolicyFinding> findings = review_policy(loaded, session.environment);
  return {std::move(loaded),
          zone,
          std::move(jobs),
          std::move(groups),
          std::move(findings),
          session.environment.clock.now()};
}

std::vector<Instant> next_times(const policy::Schedule& schedule, Instant now) {
  std::vector<Instant> times;
  for (auto next = schedule.next_after(now); next && times.size() < kShownTimes;
       next = schedule.next_after(*next)) {
    times.push_back(*next);
  }
  return times;
}

void print_jobs(const Session& session, const Checked& checked) {
  const Language language = session.console.language();
  session.console.print("\n");
  session.console.say(text("cli_policy.next_times", {{"zone", checked.zone.name()}}));
  if (checked.jobs.empty()) session.console.say(text("cli_policy.no_jobs"));
  for (const PolicyJob& job : checked.jobs) {
    const std::string name = render(text("cli_policy.job." + job.name), language);
    const std::string title = job.sources.empty() ? name : name + " " + joined(job.sources);
    session.console.print("  " + title + " (" + job.schedule.text() + ")\n");
    for (const Instant time : next_times(job.schedule, checked.now)) {
      session.console.print("    " + moment_for_people(checked.zone.to_local(time), language) +
                            "\n");
    }
  }
}

std::string names_or_all(const std::vector<std::string>& names,
                         std::size_t all,
                         Language language) {
  return names.size() == all && all > 1 ? render(text("cli_policy.all"), language) : joined(names);
}

void print_generations(const Session& session, const Checked& checked) {
  const Language language = session.console.language();
  Table table;
  for (const char* heading : {"cli_policy.sources", "cli_policy.destinations", "cli_policy.rules"})
    table.add_column(render(text(heading), language));
  table.add_column(render(text("cli_policy.generations"), language), Table::Align::right);
  for (const KeptAlike& group : checked.groups) {
    const auto held = generations_held(group, checked.zone, checked.now);
    table.add_row(
        {names_or_all(group.sources, checked.loaded.policy.sources.size(), language),
         names_or_all(group.destinations, checked.loaded.policy.destinations.size(), language),
         rules_for_people(group.rules, language),
         held ? std::to_string(*held) : render(text("cli_policy.unlimited"), language)});
  }
  session.console.print("\n");
  session.console.say(text("cli_policy.will_hold"));
  session.console.print(table.render());
}

void print_findings(const Session& session, const Checked& checked) {
  if (checked.findings.empty()) return;
  const Language language = session.console.language();
  session.console.print("\n");
  for (const PolicyFinding& finding : checked.findings) {
    std::string where = checked.loaded.path + ":";
    if (finding.place.line > 0) {
      where +=
          std::to_string(finding.place.line) + ":" + std::to_string(finding.place.column) + ":";
    }
    session.console.print(where + " " + render(text("cli.warning"), language) + " " +
                          render(finding.message, language) + "\n");
  }
}

std::string to_json(const Checked& checked, Language language) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("file", checked.loaded.path).key("good").boolean(true);
  json.member("policy", checked.loaded.policy.name).member("timezone", checked.zone.name());
  json.key("jobs").begin_array();
  for (const PolicyJob& job : checked.jobs) {
    json.begin_object().member("job", job.name).member("schedule", job.schedule.text());
    json.key("sources").begin_array();
    for (const std::string& source : job.sources) json.value(source);
    json.end_array().key("next").begin_array();
    for (const Instant time : next_times(job.schedule, checked.now))
      json.value(moment_for_machines(time, checked.zone));
    json.end_array().end_object();
  }
  json.end_array().key("retention").begin_array();
  for (const KeptAlike& group : checked.groups) {
    json.begin_object().key("sources").begin_array();
    for (const std::string& source : group.sources) json.value(source);
    json.end_array().key("destinations").begin_array();
    for (const std::string& destination : group.destinations) json.value(destination);
    json.end_array().key("generations");
    const auto held = generations_held(group, checked.zone, checked.now);
    held ? json.value(std::uint64_t{*held}) : json.null();
    json.end_object();
  }
  json.end_array().key("warnings").begin_array();
  for (const PolicyFinding& finding : checked.findings) {
    json.begin_object().member("message", render(finding.message, language));
    if (finding.place.line > 0)
      json.member("line", finding.place.line).member("column", finding.place.column);
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

std::string to_json(const policy::PolicyError& error, Language language) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("file", error.file()).key("good").boolean(false);
  json.key("problems").begin_array();
  for (const policy::PolicyProblem& problem : error.problems()) {
    json.begin_object().member("message", render(problem.message, language));
    if (problem.hint) json.member("hint", render(*problem.hint, language));
    if (problem.place.line > 0)
      json.member("line", problem.place.line).member("column", problem.place.column);
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

int run(const Session& session, const std::string& file) {
  const Language language = session.console.language();
  try {
    const Checked checked = check(session, file);
    if (session.options.json) {
      session.console.print(to_json(checked, language));
      return 0;
    }
    session.console.say(text("cli_policy.good", {{"file", checked.loaded.path}}));
    print_jobs(session, checked);
    print_generations(session, checked);
    print_findings(session, checked);
    return 0;
  } catch (const policy::PolicyError& error) {
    if (session.options.json) {
      session.console.print(to_json(error, language));
    } else {
      session.console.print_error(policy::render_problems(error, language));
      session.console.say_error(
          text("cli_policy.not_good",
               {{"file", error.file()}, {"count", std::to_string(error.problems().size())}}));
    }
    return 1;
  }
}

}  // namespace

void add_policy_check(Command& group, const Session& session) {
  auto file =
      std::make_shared<std::string>();  // shared with the callback, which outlives this call
  Command& command = group.add_command(
      "check", text("cli_policy.help_check"), [&session, file] { return run(session, *file); });
  command.optional_argument("FILE", *file, text("cli_policy.help_file"));
}

}  // namespace hikae::cli
