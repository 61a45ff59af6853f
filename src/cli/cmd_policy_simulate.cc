// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "cli/cmd_policy.h"
#include "policy/simulate.h"

namespace hikae::cli {
namespace {

struct SimulateFlags {
  std::string file;
  int days = 60;
  std::vector<std::string> missed;
  std::vector<std::string> failed;
  std::vector<std::string> partial;
  std::string start;
  std::string source;
};

struct Simulated {
  KeptAlike group;
  std::vector<policy::SimulatedDay> days;
};

[[noreturn]] void fail_day(const std::string& option, const std::string& value) {
  throw Error(ErrorCode::invalid_argument,
              text("cli_policy.bad_day", {{"option", option}, {"value", value}}))
      .with_hint(text("cli_policy.bad_day_hint"));
}

std::optional<int> number_in(std::string_view digits) {
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || number < 0)
    return std::nullopt;
  return number;
}

// "2026-11-23".
std::optional<policy::LocalDay> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number_in(text.substr(0, 4));
  const auto month = number_in(text.substr(5, 2));
  const auto day = number_in(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return policy::LocalDay(date);
}

// The days that the options name, relative to the first simulated one.
class DayReader {
 public:
  DayReader(policy::LocalDay start, int days) : start_(start), days_(days) {}

  void read(const std::string& option,
            const std::vector<std::string>& values,
            policy::DayOutcome outcome) {
    for (const std::string& value : values) {
      const std::size_t dots = value.find("..");
      const auto first = day(value.substr(0, dots));
      const auto last = dots == std::string::npos ? first : day(value.substr(dots + 2));
      if (!first || !last || *last < *first) fail_day(option, value);
      if (*first < start_ || *last >= start_ + std::chrono::days(days_)) {
        throw Error(ErrorCode::invalid_argument,
                    text("cli_policy.day_outside", {{"option", option}, {"value", value}}));
      }
      for (auto each = *first; each <= *last; each += std::chrono::days(1))
        outcomes_[each] = outcome;
    }
  }

  std::map<policy::LocalDay, policy::DayOutcome> take() && { return std::move(outcomes_); }

 private:
  // A date, or the number of a day of the simulation, from 1.
  std::optional<policy::LocalDay> day(const std::string& text) const {
    if (auto date = parse_day(text)) return date;
    const auto number = number_in(text);
    if (!number || *number > days_) return std::nullopt;
    return start_ + std::chrono::days(*number - 1);
  }

  policy::LocalDay start_;
  int days_;
  std::map<policy::LocalDay, policy::DayOutcome> outcomes_;
};

policy::LocalDay first_day(const Session& session,
                           const SimulateFlags& flags,
                           const policy::TimeZone& zone) {
  if (flags.start.empty()) {
    return std::chrono::floor<std::chrono::days>(zone.to_local(session.environment.clock.now()));
  }
  const auto day = parse_day(flags.start);
  if (!day) fail_day("--start", flags.start);
  return *day;
}

std::vector<Simulated> simulate_groups(const Session& session,
                                       const SimulateFlags& flags,
                                       const policy::Policy& policy,
                                       const policy::TimeZone& zone) {
  const policy::LocalDay start = first_day(session, flags, zone);
  DayReader reader(start, flags.days);
  reader.read("--missed", flags.missed, policy::DayOutcome::missed);
  reader.read("--failed", flags.failed, policy::DayOutcome::failed);
  reader.read("--partial", flags.partial, policy::DayOutcome::partial);
  const auto outcomes = std::move(reader).take();
  std::vector<Simulated> all;
  for (KeptAlike& group : kept_alike(policy, flags.source, session.options.destination)) {
    if (group.schedule.empty()) {
      session.console.warning(text("cli_policy.no_schedule", {{"source", joined(group.sources)}}));
      continue;
    }
    auto days = policy::simulate({group.rules.value_or(policy::RetentionRules()),
                                  policy::parse_schedule(group.schedule, zone),
                                  zone,
                                  start,
                                  flags.days,
                                  outcomes});
    all.push_back({std::move(group), std::move(days)});
  }
  return all;
}

std::string_view word_of(policy::DayOutcome outcome) {
  switch (outcome) {
    case policy::DayOutcome::good:
      return "good";
    case policy::DayOutcome::nothing:
      return "nothing";
    case policy::DayOutcome::missed:
      return "missed";
    case policy::DayOutcome::failed:
      return "failed";
    case policy::DayOutcome::partial:
      return "partial";
  }
  return "nothing";
}

// Names generations as short as they stay distinct: without the time when no day has two of them,
// without the year when it is less than a year ago.
class Labels {
 public:
  explicit Labels(const std::vector<policy::SimulatedDay>& days) {
    for (const policy::SimulatedDay& day : days) {
      std::string last;
      for (const policy::SimulatedGeneration& generation : day.generations) {
        std::string date = generation.label.substr(0, kDate);
        if (date == last) with_time_ = true;
        last = std::move(date);
      }
    }
  }

  std::string list(const std::vector<policy::SimulatedGeneration>& generations,
                   policy::LocalDay day) const {
    const auto a_year_ago = day - std::chrono::days(365);
    std::string all;
    for (const policy::SimulatedGeneration& generation : generations) {
      std::string label = with_time_ ? generation.label : generation.label.substr(0, kDate);
      const auto made = parse_day(generation.label.substr(0, kDate));
      if (made && *made > a_year_ago) label.erase(0, kYear);
      all += (all.empty() ? "" : with_time_ ? ", " : " ") + label;
    }
    return all;
  }

 private:
  static constexpr std::size_t kDate = 10;  // "2026-11-23"
  static constexpr std::size_t kYear = 5;   // "2026-"
  bool with_time_ = false;
};

void print_group(const Session& session, const Simulated& simulated) {
  const Language language = session.console.language();
  session.console.say(text("cli_policy.simulated",
                           {{"sources", joined(simulated.group.sources)},
                            {"destinations", joined(simulated.group.destinations)},
                            {"schedule", simulated.group.schedule},
                            {"rules", rules_for_people(simulated.group.rules, language)}}));
  Table table;
  table.add_column("#", Table::Align::right);
  table.add_column(render(text("cli_policy.column_day"), language));
  table.add_column(render(text("cli_policy.column_backup"), language));
  table.add_column(render(text("cli_policy.generations"), language), Table::Align::right);
  table.add_column(render(text("cli_policy.column_removed"), language));
  table.add_column(render(text("cli_policy.column_kept"), language));  // the widest: last
  const Labels labels(simulated.days);
  int number = 0;
  std::size_t most = 0;
  for (const policy::SimulatedDay& day : simulated.days) {
    const std::string outcome = "cli_policy.outcome." + std::string(word_of(day.outcome));
    table.add_row({std::to_string(++number),
                   day_for_people(day.day, language),
                   render(text(outcome), language),
                   std::to_string(day.generations.size()),
                   labels.list(day.removed, day.day),
                   labels.list(day.generations, day.day)});
    most = std::max(most, day.generations.size());
  }
  session.console.print(table.render());
  session.console.say(text("cli_policy.simulated_summary",
                           {{"most", std::to_string(most)},
                            {"last", std::to_string(simulated.days.back().generations.size())}}));
}

void write_generations(JsonWriter& json,
                       const std::vector<policy::SimulatedGeneration>& generations,
                       const policy::TimeZone& zone) {
  json.begin_array();
  for (const policy::SimulatedGeneration& generation : generations) {
    json.begin_object().member("time", moment_for_machines(generation.time, zone));
    json.key("rules").begin_array();
    for (const policy::RetentionReason& reason : generation.reasons) json.value(reason.rule);
    json.end_array().end_object();
  }
  json.end_array();
}

std::string to_json(const std::vector<Simulated>& all, const policy::TimeZone& zone) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const Simulated& simulated : all) {
    json.begin_object().key("sources").begin_array();
    for (const std::string& source : simulated.group.sources) json.value(source);
    json.end_array().key("destinations").begin_array();
    for (const std::string& destination : simulated.group.destinations) json.value(destination);
    json.end_array().member("schedule", simulated.group.schedule).key("days").begin_array();
    for (const policy::SimulatedDay& day : simulated.days) {
      json.begin_object().member("day", policy::format_day(day.day));
      json.member("outcome", word_of(day.outcome));
      json.member("count", std::uint64_t{day.generations.size()}).key("generations");
      write_generations(json, day.generations, zone);
      json.key("removed");
      write_generations(json, day.removed, zone);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  return out + "\n";
}

int run(const Session& session, const SimulateFlags& flags) {
  const policy::Policy policy = load_policy_file(session, flags.file).policy;
  const policy::TimeZone zone = policy::TimeZone::named(policy.timezone);
  const std::vector<Simulated> all = simulate_groups(session, flags, policy, zone);
  if (session.options.json) {
    session.console.print(to_json(all, zone));
    return 0;
  }
  for (const Simulated& simulated : all) {
    if (&simulated != &all.front()) session.console.print("\n");
    print_group(session, simulated);
  }
  return 0;
}

}  // namespace

void add_policy_simulate(Command& group, const Session& session) {
  auto flags = std::make_shared<SimulateFlags>();  // shared with the callback, which outlives this
  Command& command = group.add_command("simulate",
                                       text("cli_policy.help_simulate"),
                                       [&session, flags] { return run(session, *flags); });
  command.optional_argument("FILE", flags->file, text("cli_policy.help_file"));
  command.option("--days", flags->days, "N", text("cli_policy.help_days"));
  command.list("--missed", flags->missed, "DAY", text("cli_policy.help_missed"));
  command.list("--failed", flags->failed, "DAY", text("cli_policy.help_failed"));
  command.list("--partial", flags->partial, "DAY", text("cli_policy.help_partial"));
  command.option("--start", flags->start, "DAY", text("cli_policy.help_start"));
  // --destination is an option of the program.
  command.option("--source", flags->source, "NAME", text("cli_policy.help_source"));
}

}  // namespace hikae::cli
