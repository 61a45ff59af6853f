// SPDX-License-Identifier: Apache-2.0
#include "service/metrics.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "os/files.h"
#include "policy/schedule.h"
#include "policy/time_zone.h"
#include "service/filling.h"
#include "service/validate_logs.h"

namespace hikae {
namespace {

// Far enough to find a good run of a source that has failed for long, and a monthly check behind a
// backup every few minutes.
constexpr std::size_t kMostRuns = 20'000;
constexpr std::size_t kMostSlots = 10'000;
constexpr std::size_t kMostNotices = 10'000;
constexpr std::array kJobs = {"backup", "check", "prune"};
constexpr const char* kGenerations = "generations";
constexpr const char* kFree = "free_bytes";
constexpr const char* kTotal = "total_bytes";

std::string words_for(const policy::Policy& policy, std::string_view job) {
  if (job == "backup") return policy.schedule.backup;
  return job == "check" ? policy.schedule.check : policy.schedule.prune;
}

std::optional<Instant> next_due(const policy::Policy& policy, std::string_view job, Instant now) {
  const std::string words = words_for(policy, job);
  if (words.empty()) return std::nullopt;
  const policy::TimeZone zone =
      policy.timezone.empty() ? policy::TimeZone::utc() : policy::TimeZone::named(policy.timezone);
  return policy::parse_schedule(words, zone).next_after(now);
}

// What a hook left out is no failure, and no success either.
bool left_nothing_out(const RunRecord& run, Journal& journal) {
  if (run.slot.job != "backup") return true;
  const std::vector<RunItem> items = journal.items(run.id);
  return !items.empty() && std::all_of(items.begin(), items.end(), [](const RunItem& item) {
    return !item.snapshot.empty();
  });
}

JobFigures job_figures(const policy::Policy& policy,
                       const std::string& job,
                       Journal& journal,
                       const std::vector<RunRecord>& runs,
                       const std::vector<SlotRecord>& slots,
                       Instant now) {
  JobFigures figures;
  figures.job = job;
  figures.next_due = next_due(policy, job, now);
  for (const RunRecord& run : runs) {
    if (run.slot.job != job) continue;
    if (!figures.last_attempt) figures.last_attempt = run.started;
    if (!run.finished || !run.verdict) continue;
    if (!figures.last_verdict) {
      figures.last_verdict = run.verdict;
      figures.duration = *run.finished - run.started;
    }
    if (*run.verdict > Verdict::warning || !left_nothing_out(run, journal)) continue;
    figures.last_success = run.started;
    break;
  }
  for (const SlotRecord& slot : slots) {
    if (slot.id.job != job) continue;
    figures.missed += slot.state == SlotState::missed ? 1 : 0;
    figures.failed += slot.state == SlotState::failed ? 1 : 0;
    figures.retries += static_cast<std::uint64_t>(std::max(0, slot.attempts - 1));
  }
  return figures;
}

// What was last seen, and over it what was seen just now.
ObservedFigures with_kept(const policy::Policy& policy,
                          Journal& journal,
                          const ObservedFigures& observed) {
  ObservedFigures all = observed;
  std::map<std::string, Space> kept;
  for (const DestinationFigure& figure : journal.figures(policy.name)) {
    if (figure.name == kGenerations)
      all.generations.emplace(std::pair(figure.source, figure.destination), figure.value);
    if (figure.name == kFree) kept[figure.destination].free_bytes = figure.value;
    if (figure.name == kTotal) kept[figure.destination].total_bytes = figure.value;
  }
  all.space.merge(kept);
  std::erase_if(all.space, [&](const auto& one) {
    return std::none_of(policy.destinations.begin(),
                        policy.destinations.end(),
                        [&](const auto& known) { return known.name == one.first; });
  });
  return all;
}

std::vector<GenerationFigures> begin_generations(const policy::Policy& policy,
                                                 const ObservedFigures& observed) {
  std::vector<GenerationFigures> all;
  for (const policy::Source& source : policy.sources) {
    for (const policy::Destination& destination : policy.destinations) {
      GenerationFigures& one = all.emplace_back();
      one.source = source.name;
      one.destination = destination.name;
      const auto count = observed.generations.find({source.name, destination.name});
      if (count != observed.generations.end()) one.generations = count->second;
    }
  }
  return all;
}

// From the newest run backwards, until each source has a good generation in each destination.
void fill_generations(std::vector<GenerationFigures>& all,
                      const std::vector<RunRecord>& runs,
                      Journal& journal) {
  std::size_t open = all.size();
  for (const RunRecord& run : runs) {
    if (open == 0) return;
    if (run.slot.job != "backup") continue;
    for (const RunItem& item : journal.items(run.id)) {
      const auto one = std::find_if(all.begin(), all.end(), [&](const GenerationFigures& figures) {
        return figures.source == item.source && figures.destination == item.destination;
      });
      if (one == all.end()) continue;
      if (!one->last_attempt) {
        one->last_attempt = run.started;
        one->last_verdict = item.verdict;
      }
      // Left out by a hook: neither a failure nor a generation.
      if (one->last_success || item.verdict == Verdict::failed || item.snapshot.empty()) continue;
      one->last_success = run.started;
      one->good = item;
      --open;
    }
  }
}

// What a later attempt failed at must not look as if it were on its way.
void fill_fillings(std::vector<GenerationFigures>& all, const Fillings& fillings) {
  for (GenerationFigures& one : all) {
    const auto found = fillings.find({one.source, one.destination});
    if (found == fillings.end() || one.last_verdict != Verdict::warning) continue;
    if (one.last_attempt && found->second.seen >= *one.last_attempt)
      one.filling = found->second.filling;
  }
}

void fill_notices(MetricsFacts& facts, Journal& journal) {
  for (const Notice& notice : journal.notices().notices(facts.policy, kMostNotices)) {
    facts.notices_waiting += notice.state == NoticeState::waiting ? 1 : 0;
    facts.notices_given_up += notice.state == NoticeState::given_up ? 1 : 0;
  }
}

std::string file_for(const std::string& place, const std::string& policy) {
  struct stat status {};
  const bool is_folder = stat(place.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  return is_folder ? place + "/hikae-" + policy + ".prom" : place;
}

}  // namespace

void keep_figures(const std::string& policy,
                  Journal& journal,
                  const ObservedFigures& observed,
                  Instant seen) {
  std::vector<DestinationFigure> figures;
  for (const auto& [pair, count] : observed.generations)
    figures.push_back({pair.second, pair.first, kGenerations, count, seen});
  for (const auto& [destination, space] : observed.space) {
    figures.push_back({destination, "", kFree, space.free_bytes, seen});
    figures.push_back({destination, "", kTotal, space.total_bytes, seen});
  }
  if (!figures.empty()) journal.save_figures(policy, figures);
}

void keep_removals(const std::string& policy,
                   Journal& journal,
                   const std::vector<ForgottenSnapshot>& removed,
                   Instant seen) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> gone;
  for (const ForgottenSnapshot& one : removed) ++gone[{one.destination, one.source}];
  std::vector<DestinationFigure> figures;
  for (DestinationFigure& figure : journal.figures(policy)) {
    const auto found = gone.find({figure.destination, figure.source});
    if (figure.name != kGenerations || found == gone.end()) continue;
    figure.value -= std::min(figure.value, found->second);
    figure.seen = seen;
    figures.push_back(std::move(figure));
  }
  if (!figures.empty()) journal.save_figures(policy, figures);
}

MetricsFacts collect_metrics(const policy::Policy& policy,
                             const Environment& environment,
                             Journal& journal,
                             const ObservedFigures& observed) {
  MetricsFacts facts;
  facts.policy = policy.name;
  facts.program_version = environment.program_version;
  facts.hostname = environment.identity.hostname;
  facts.username = environment.identity.username;
  const ObservedFigures known = with_kept(policy, journal, observed);
  facts.space = known.space;
  facts.generations = begin_generations(policy, known);
  const std::vector<RunRecord> runs = journal.runs(policy.name, kMostRuns);
  const std::vector<SlotRecord> slots = journal.slots().slots(policy.name, kMostSlots);
  fill_generations(facts.generations, runs, journal);
  fill_fillings(facts.generations, load_fillings(policy.name, journal));
  for (const char* job : kJobs)
    facts.jobs.push_back(job_figures(policy, job, journal, runs, slots, environment.clock.now()));
  facts.unacknowledged = journal.slots().unacknowledged(policy.name).size();
  for (const policy::Source& source : policy.sources) {
    if (is_frozen_by_anomaly(journal, policy.name, source.name))
      facts.frozen.push_back(source.name);
    std::string& paths = facts.paths[source.name];
    for (const std::string& path : source.files) paths += (paths.empty() ? "" : ",") + path;
  }
  fill_notices(facts, journal);
  return facts;
}

void write_metrics(const policy::Policy& policy,
                   const Environment& environment,
                   Journal& journal,
                   const ObservedFigures& observed) {
  if (policy.metrics.textfile.empty()) return;
  const std::string path = file_for(policy.metrics.textfile, policy.name);
  try {
    const MetricsFacts facts = collect_metrics(policy, environment, journal, observed);
    const std::string content = encode_metrics(
        facts, policy.metrics.restic_names ? MetricNames::own_and_restic : MetricNames::own);
    // node_exporter runs as a user of its own.
    os::write_file_durably(
        path, {as_bytes(content)}, {.mode = 0644, .if_exists = os::IfExists::replace});
  } catch (const Error& error) {
    environment.log.warning(text("service_metrics.not_written",
                                 {{"path", path}, {"reason", render(error, policy.language)}}));
  }
}

}  // namespace hikae
