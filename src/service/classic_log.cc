// SPDX-License-Identifier: Apache-2.0
#include "service/classic_log.h"

#include <algorithm>

#include "base/units.h"
#include "base/utf8.h"
#include "os/files.h"
#include "policy/time_zone.h"

namespace hikae {
namespace {

constexpr std::size_t kMostItems = 1000;

// Breaks the word wherever it stands, also within another one ("terror", "error.log").
std::string without_the_word(std::string text) {
  constexpr std::string_view kWord = "error";
  const auto matches = [&](std::size_t at) {
    return std::equal(kWord.begin(),
                      kWord.end(),
                      text.begin() + static_cast<std::ptrdiff_t>(at),
                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  };
  for (std::size_t at = 0; at + kWord.size() <= text.size(); ++at) {
    if (matches(at)) text.insert(at + 2, "-");
  }
  return text;
}

class Writer {
 public:
  Writer(const policy::Policy& policy, Instant now) : policy_(policy), now_(now) {}

  void say(const Text& message) {
    out_ += policy::policy_time(policy_.timezone, now_) + " " +
            printable_lines(render(message, policy_.language)) + "\n";
  }
  void say_failure(const Error& error) {
    say(text("service_classic.problem", {{"reason", render(error, policy_.language)}}));
    if (error.hint()) say(*error.hint());
  }
  std::string take() && { return std::move(out_); }

 private:
  const policy::Policy& policy_;
  Instant now_;
  std::string out_;
};

void say_outcomes(Writer& writer, const RunReport& report) {
  for (const RunOutcome& outcome : report.outcomes) {
    writer.say(text("service_classic.outcome",
                    {{"source", outcome.source},
                     {"destination", outcome.destination},
                     {"verdict", std::string(to_string(outcome.verdict))},
                     {"snapshot", outcome.snapshot ? outcome.snapshot->short_hex() : "-"},
                     {"size", format_bytes(outcome.bytes_stored)}}));
    if (outcome.failure) writer.say_failure(*outcome.failure);
  }
}

void say_items(Writer& writer, const SourceOutcome& source, Language language) {
  std::size_t said = 0;
  for (const ItemError& item : source.item_errors) {
    if (said++ == kMostItems) break;
    writer.say(text("service_classic.item",
                    {{"path", printable(item.path)}, {"reason", render(item.message, language)}}));
  }
}

}  // namespace

std::string classic_log_at_start(const policy::Policy& policy,
                                 const std::string& run,
                                 Instant now) {
  Writer writer(policy, now);
  writer.say(text("service_classic.started", {{"policy", policy.name}, {"run", run}}));
  writer.say(text("service_classic.not_ended"));
  return std::move(writer).take();
}

std::string classic_log(const policy::Policy& policy, const RunReport& report) {
  Writer begin(policy, report.started);
  begin.say(text("service_classic.started", {{"policy", policy.name}, {"run", report.run_id}}));
  Writer writer(policy, report.finished);
  say_outcomes(writer, report);
  for (const SourceOutcome& source : report.sources) say_items(writer, source, policy.language);
  for (const Text& note : report.frozen) writer.say(note);
  if (report.failure) writer.say_failure(*report.failure);
  const Text::Arguments verdict{{"verdict", std::string(to_string(report.verdict))}};
  const bool failed = exit_code(report.verdict) != 0;
  writer.say(failed ? text("service_classic.failed", verdict)
                    : text("service_classic.succeeded", verdict));
  const std::string whole = std::move(begin).take() + std::move(writer).take();
  return failed ? whole : without_the_word(whole);
}

void write_classic_log(const std::string& path, const std::string& content) {
  os::write_file_durably(
      path, {as_bytes(content)}, {.mode = 0640, .if_exists = os::IfExists::replace});
}

}  // namespace hikae
