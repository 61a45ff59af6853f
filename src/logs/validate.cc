// SPDX-License-Identifier: Apache-2.0
#include "logs/validate.h"

#include <algorithm>
#include <cmath>

namespace hikae::logs {
namespace {

using RunLines = std::vector<const Line*>;

bool is_good(const Line& line) {
  return line.event == kGeneration && line.verdict != "failed" && line.read_back.value_or(false);
}

SourceSize size_of(const Line& line) {
  const auto number = [&line](const char* name) {
    const auto found = line.numbers.find(name);
    return found == line.numbers.end() ? std::uint64_t{0} : found->second;
  };
  return {number("files"), number("bytes")};
}

std::string percent_of(std::uint64_t part, std::uint64_t whole) {
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return std::to_string(std::llround(share));
}

struct Words {
  std::string_view shrank;
  std::string_view grew;
};

std::optional<Text> outside(const std::string& source,
                            const Words& words,
                            std::uint64_t before,
                            std::uint64_t now,
                            const Band& band) {
  if (before == 0) return std::nullopt;
  const auto limit = [before](int percent) {
    return static_cast<double>(before) * static_cast<double>(percent) / 100.0;
  };
  const std::uint64_t difference = now < before ? before - now : now - before;
  const Text::Arguments arguments{{"source", source},
                                  {"before", std::to_string(before)},
                                  {"now", std::to_string(now)},
                                  {"percent", percent_of(difference, before)}};
  if (now < before && band.max_shrink && static_cast<double>(difference) > limit(*band.max_shrink))
    return text(words.shrank, arguments);
  if (now > before && band.max_growth && static_cast<double>(difference) > limit(*band.max_growth))
    return text(words.grew, arguments);
  return std::nullopt;
}

class Validator {
 public:
  explicit Validator(const ValidationFacts& facts) : facts_(facts) {
    for (const Line& line : facts.lines) {
      if (!line.run.empty()) runs_[line.run].push_back(&line);
      if (line.event == kRemoved) removed_.emplace(line.destination, line.snapshot);
    }
  }

  Validation run() && {
    check_slots();
    for (const auto& [id, lines] : runs_) {
      if (!is_in_scope(id)) continue;
      ++result_.runs;
      check_ends(id, lines);
      check_verdict(id, lines);
      for (const Line* line : lines) check_line(id, *line);
    }
    check_band();
    if (facts_.unreadable_lines > 0) {
      Finding& finding = find("unreadable_line", Verdict::warning);
      finding.message =
          text("logs.unreadable_lines", {{"count", std::to_string(facts_.unreadable_lines)}});
    }
    for (const Finding& finding : result_.findings)
      result_.verdict = worse(result_.verdict, finding.verdict);
    return std::move(result_);
  }

 private:
  bool is_in_scope(const std::string& run) const {
    return facts_.only_run.empty() || facts_.only_run == run;
  }

  Finding& find(std::string rule, Verdict verdict) {
    Finding& finding = result_.findings.emplace_back();
    finding.rule = std::move(rule);
    finding.verdict = verdict;
    return finding;
  }

  Finding& find(std::string rule, Verdict verdict, const std::string& run, const Line& line) {
    Finding& finding = find(std::move(rule), verdict);
    finding.run = run;
    finding.source = line.source;
    finding.destination = line.destination;
    finding.time = line.time;
    return finding;
  }

  static const Line* first_of(const RunLines& lines, std::string_view event) {
    const auto found = std::find_if(
        lines.begin(), lines.end(), [&](const Line* line) { return line->event == event; });
    return found == lines.end() ? nullptr : *found;
  }

  // Each slot that was due was tried, and each try began and ended.
  void check_slots() {
    if (!facts_.only_run.empty()) return;
    for (const LedgerSlot& slot : facts_.slots) {
      ++result_.slots;
      // The reader adds the time, in a zone that this module does not know.
      const Text::Arguments arguments{{"job", slot.job}};
      if (slot.state == LedgerSlot::State::missed) {
        Finding& finding = find("missed", Verdict::warning);
        finding.time = slot.scheduled;
        finding.message = text("logs.slot_missed", arguments);
      } else if (!has_start(slot)) {
        Finding& finding = find("no_start", Verdict::failed);
        finding.time = slot.scheduled;
        finding.message = text("logs.no_start", arguments);
      }
    }
  }

  bool has_start(const LedgerSlot& slot) const {
    return std::any_of(facts_.lines.begin(), facts_.lines.end(), [&](const Line& line) {
      // Groups that are due at one instant are one run.
      return line.event == kRunStarted && line.job == slot.job && line.slot == slot.scheduled;
    });
  }

  void check_ends(const std::string& run, const RunLines& lines) {
    if (first_of(lines, kRunStarted) == nullptr) {
      // The files that held its beginning may have been removed since; not so for the newest run.
      if (run == facts_.only_run)
        find("no_start", Verdict::failed, run, *lines.front()).message =
            text("logs.run_without_start", {{"run", run}});
      return;
    }
    const bool has_end =
        first_of(lines, kRunFinished) != nullptr || first_of(lines, kRunStopped) != nullptr;
    if (has_end || facts_.working.contains(run)) return;
    find("no_end", Verdict::failed, run, *lines.front()).message =
        text("logs.no_end", {{"run", run}});
  }

  // What failed in a part cannot have gone well as a whole.
  void check_verdict(const std::string& run, const RunLines& lines) {
    const Line* end = first_of(lines, kRunFinished);
    if (end == nullptr || (end->verdict != "ok" && end->verdict != "warning")) return;
    for (const Line* line : lines) {
      if (line->event != kGeneration || (line->verdict != "failed" && line->verdict != "partial"))
        continue;
      find("verdict_too_good", Verdict::failed, run, *line).message =
          text("logs.verdict_too_good",
               {{"run", run}, {"source", line->source}, {"destination", line->destination}});
    }
  }

  void check_line(const std::string& run, const Line& line) {
    if (line.severity == LogLevel::error &&
        (line.event_class.empty() || line.event_class == "message")) {
      find("unclassified_error", Verdict::warning, run, line).message =
          text("logs.unclassified", {{"run", run}, {"message", line.message}});
    }
    if (is_good(line)) check_claim(run, line);
  }

  void check_claim(const std::string& run, const Line& line) {
    const Text::Arguments names{
        {"source", line.source}, {"destination", line.destination}, {"snapshot", line.snapshot}};
    // A dump that failed seals nothing; a generation beside a failed source contradicts that.
    for (const Line* other : runs_.at(run)) {
      if (other->event == kSource && other->source == line.source &&
          other->severity == LogLevel::error)
        find("dump_incomplete", Verdict::failed, run, line).message =
            text("logs.dump_incomplete", names);
    }
    const auto stored = facts_.stored.find(line.destination);
    if (stored == facts_.stored.end() || line.snapshot.empty()) return;
    ++result_.snapshots;
    const std::pair<std::string, std::string> claim{line.destination, line.snapshot};
    if (stored->second.contains(line.snapshot) || facts_.removed.contains(claim) ||
        removed_.contains(claim))
      return;
    find("snapshot_missing", Verdict::failed, run, line).message =
        text("logs.snapshot_missing", names);
  }

  // Each good run of a source beside the one before it.
  void check_band() {
    std::map<std::string, std::pair<std::string, SourceSize>> last;  // by source: run and size
    for (const Line& line : facts_.lines) {
      if (!is_good(line) || line.run.empty()) continue;
      const auto before = last.find(line.source);
      const SourceSize now = size_of(line);
      if (before != last.end() && before->second.first != line.run && is_in_scope(line.run)) {
        if (auto anomaly = find_anomaly(line.source, before->second.second, now, facts_.band))
          find("out_of_band", Verdict::warning, line.run, line).message = std::move(*anomaly);
      }
      last[line.source] = {line.run, now};
    }
  }

  const ValidationFacts& facts_;
  std::map<std::string, RunLines> runs_;
  std::set<std::pair<std::string, std::string>> removed_;
  Validation result_;
};

}  // namespace

std::optional<Text> find_anomaly(const std::string& source,
                                 const SourceSize& before,
                                 const SourceSize& now,
                                 const Band& band) {
  constexpr Words kBytes{"logs.bytes_shrank", "logs.bytes_grew"};
  constexpr Words kFiles{"logs.files_shrank", "logs.files_grew"};
  if (auto found = outside(source, kBytes, before.bytes, now.bytes, band)) return found;
  return outside(source, kFiles, before.files, now.files, band);
}

Validation validate(const ValidationFacts& facts) {
  return Validator(facts).run();
}

}  // namespace hikae::logs
