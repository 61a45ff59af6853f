// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "policy/time_zone.h"
#include "service/announce.h"
#include "service/filling.h"

namespace hikae {
namespace {

using notify::Message;
using notify::Occasion;
using notify::OutcomeFacts;
using notify::Problem;

constexpr std::size_t kMostItems = 20;

Occasion occasion_of(EventKind kind) {
  switch (kind) {
    case EventKind::try_failed:
      return Occasion::retrying;
    case EventKind::left_out:
      return Occasion::left_out;
    case EventKind::recovered:
      return Occasion::recovered;
    case EventKind::missed:
      return Occasion::missed;
    case EventKind::deletion_frozen:
      return Occasion::frozen;
    case EventKind::low_space:
      return Occasion::low_space;
    case EventKind::unacknowledged:
      return Occasion::unacknowledged;
    case EventKind::notification_failed:
      return Occasion::undeliverable;
    case EventKind::success:
    case EventKind::warning:
    case EventKind::partial:
    case EventKind::failure:
    case EventKind::check_failed:
    case EventKind::check_healed:
    case EventKind::prune_failed:
      break;
  }
  return Occasion::finished;
}

bool left_source_out(const RunReport& report) {
  const auto was_left_out = [](const std::optional<Error>& failure) {
    return failure && failure->code() == ErrorCode::skipped;
  };
  return was_left_out(report.failure) ||
         std::any_of(report.sources.begin(), report.sources.end(), [&](const auto& source) {
           return was_left_out(source.failure);
         });
}

class MessageBuilder {
 public:
  MessageBuilder(const SlotEvent& event, const policy::Policy& policy, const std::string& host)
      : event_(event),
        policy_(policy),
        message_(begin_message(occasion_of(event.kind), policy, host, event.time)) {
    message_.verdict = event.verdict;
    message_.slot = event.slot;
    if (!event.also.empty()) {
      message_.since = event.slot.scheduled;
      for (const SlotId& slot : event.also)
        message_.since = std::min(*message_.since, slot.scheduled);
    }
    if (event.trouble_since) message_.since = event.trouble_since;
  }

  Message build() && {
    add_times();
    if (!event_.items.empty()) {
      for (const RunItem& item : event_.items) add_item(item);
    } else if (event_.report) {
      for (const RunOutcome& outcome : event_.report->outcomes) add_outcome(outcome);
    }
    if (event_.report) add_report(*event_.report);
    for (const DestinationResult& result : event_.results) add_result(result);
    for (const SlotTry& one : event_.tries)
      message_.attempts.push_back({one.started, one.verdict, one.message});
    // Nothing said why so far: the tries may have.
    if (message_.problems.empty() && !event_.tries.empty() && event_.verdict >= Verdict::partial)
      add_problem({event_.tries.back().message, ""});
    for (const Text& note : event_.notes) add_note(words(note));
    add_others();
    add_next_step();
    return std::move(message_);
  }

 private:
  std::string words(const Text& text) const { return render(text, policy_.language); }
  std::string shown(Instant time) const { return policy::policy_time(policy_.timezone, time); }

  void add_times() {
    if (event_.report) {
      message_.run = event_.report->run_id;
      message_.started = event_.report->started;
      message_.finished = event_.report->finished;
    }
    if (event_.tries.empty()) return;
    message_.started = event_.tries.front().started;
    message_.finished = event_.tries.back().finished;
    if (message_.run.empty()) message_.run = event_.tries.back().run;
  }

  // A destination that is down fails every source in the same words: said once.
  void add_problem(Problem problem) {
    if (!problem.what.empty() && said_.insert(problem.what).second)
      message_.problems.push_back(std::move(problem));
  }
  void add_error(const std::optional<Error>& error) {
    if (!error) return;
    // What a hook asked to leave out did not fail.
    if (error->code() == ErrorCode::skipped) return add_note(render(*error, policy_.language));
    add_problem({render(*error, policy_.language), error->hint() ? words(*error->hint()) : ""});
  }
  void add_note(std::string note) {
    if (!note.empty() && said_.insert(note).second) message_.notes.push_back(std::move(note));
  }

  void add_counts(OutcomeFacts& facts) const {
    if (!event_.report) return;
    for (const KeptGenerations& kept : event_.report->kept) {
      if (kept.source == facts.source && kept.destination == facts.destination)
        facts.kept = kept.count;
    }
    for (const ForgottenSnapshot& gone : event_.report->forgotten) {
      if (gone.source == facts.source && gone.destination == facts.destination) ++facts.dropped;
    }
  }

  std::optional<std::chrono::seconds> since_begin(const std::optional<Instant>& sealed) const {
    if (!sealed || !message_.started || *sealed < *message_.started) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(*sealed - *message_.started);
  }

  void add_item(const RunItem& item) {
    OutcomeFacts facts;
    facts.source = item.source;
    facts.destination = item.destination;
    facts.verdict = item.verdict;
    facts.snapshot = item.snapshot;
    facts.unreadable = item.unreadable;
    facts.took = since_begin(item.sealed);
    if (!item.snapshot.empty()) {
      facts.files = item.files;
      facts.bytes = item.bytes;
      facts.added = item.bytes_stored;
    }
    add_counts(facts);
    message_.outcomes.push_back(std::move(facts));
    // With a report the error itself is at hand, and its hint.
    if (!event_.report) add_problem({item.message, ""});
  }

  void add_outcome(const RunOutcome& outcome) {
    OutcomeFacts facts;
    facts.source = outcome.source;
    facts.destination = outcome.destination;
    facts.verdict = outcome.verdict;
    facts.unreadable = outcome.unreadable;
    facts.took = since_begin(outcome.sealed);
    if (outcome.snapshot) {
      facts.snapshot = outcome.snapshot->hex();
      facts.added = outcome.bytes_stored;
      for (const SourceOutcome& source : event_.report->sources) {
        if (source.source != outcome.source || !source.summary) continue;
        facts.files = source.summary->total_files_processed;
        facts.bytes = source.summary->total_bytes_processed;
      }
    }
    add_counts(facts);
    message_.outcomes.push_back(std::move(facts));
  }

  void add_report(const RunReport& report) {
    add_error(report.failure);
    for (const SourceOutcome& source : report.sources) {
      add_error(source.failure);
      message_.unreadable += source.item_error_count;
      for (const ItemError& item : source.item_errors) {
        if (message_.items.size() == kMostItems) break;
        message_.items.push_back({source.source, item.path, words(item.message)});
      }
    }
    for (const RunOutcome& outcome : report.outcomes) {
      // What a later try made good, or an earlier one, is no problem any more.
      const bool is_good =
          std::any_of(event_.items.begin(), event_.items.end(), [&](const RunItem& item) {
            return item.source == outcome.source && item.destination == outcome.destination &&
                   item.verdict < Verdict::partial;
          });
      if (!is_good) add_error(outcome.failure);
      if (outcome.filling) add_filling(outcome);
    }
    for (const CaughtUpSnapshot& copy : report.caught_up) {
      add_note(words(text("service.note_caught_up",
                          {{"source", copy.source},
                           {"from", copy.from},
                           {"to", copy.to},
                           {"time", shown(copy.time)}})));
    }
    for (const Text& note : report.frozen) {
      add_note(words(note));
      if (note.key == "service.forget_failed") add_concern(notify::Concern::deletion_frozen);
    }
  }

  void add_concern(notify::Concern concern) {
    auto& concerns = message_.concerns;
    if (std::find(concerns.begin(), concerns.end(), concern) == concerns.end())
      concerns.push_back(concern);
  }

  void add_filling(const RunOutcome& outcome) {
    const Filling& filling = *outcome.filling;
    const Text::Arguments arguments = {
        {"source", outcome.source},
        {"destination", outcome.destination},
        {"percent", std::to_string(percent_of(filling))},
        {"expected", filling.expected ? shown(*filling.expected) : std::string()}};
    add_note(words(filling.expected ? text("service.note_filling_until", arguments)
                                    : text("service.note_filling", arguments)));
  }

  void add_result(const DestinationResult& result) {
    OutcomeFacts facts;
    facts.destination = result.destination;
    facts.verdict = result.verdict;
    message_.outcomes.push_back(std::move(facts));
    const std::string summary = words(result.summary);  // names its destination
    if (!summary.empty()) add_note(summary);
    add_error(result.failure);
    message_.unreadable += result.details.size();
    for (const std::string& detail : result.details) {
      if (message_.items.size() == kMostItems) break;
      message_.items.push_back({result.destination, detail, ""});
    }
  }

  // The message names one slot; these are the others.
  void add_others() {
    const bool is_reminder = event_.kind == EventKind::unacknowledged;
    if (!is_reminder && event_.kind != EventKind::missed) return;
    for (const SlotId& slot : event_.also) {
      if (slot == event_.slot) continue;
      Message other;
      other.language = policy_.language;
      other.slot = slot;
      add_note(
          words(text(is_reminder ? "service.note_also_unacknowledged" : "service.note_also_missed",
                     {{"job", notify::job_words(other)}, {"time", shown(slot.scheduled)}})));
    }
  }

  void add_next_step() {
    if (!event_.next_step) return;
    const std::string step = words(*event_.next_step);
    if (message_.problems.empty()) {
      add_note(words(text("notify.next_step", {{"step", step}})));
    } else if (message_.problems.back().next_step.empty()) {
      message_.problems.back().next_step = step;
    } else if (message_.problems.back().next_step != step) {
      add_problem({step, ""});
    }
  }

  const SlotEvent& event_;
  const policy::Policy& policy_;
  Message message_;
  std::set<std::string> said_;
};

}  // namespace

Message begin_message(Occasion occasion,
                      const policy::Policy& policy,
                      const std::string& host,
                      Instant now) {
  Message message;
  message.occasion = occasion;
  message.language = policy.language;
  message.timezone = policy.timezone;
  message.policy = policy.name;
  message.host = host;
  message.time = now;
  return message;
}

Message to_message(const SlotEvent& event, const policy::Policy& policy, const std::string& host) {
  return MessageBuilder(event, policy, host).build();
}

SlotEvent manual_event(const SlotId& slot, std::shared_ptr<const RunReport> report) {
  SlotEvent event;
  switch (report->verdict) {
    case Verdict::ok:
      event.kind = EventKind::success;
      break;
    case Verdict::warning:
      event.kind = left_source_out(*report) ? EventKind::left_out : EventKind::warning;
      break;
    case Verdict::partial:
      event.kind = EventKind::partial;
      break;
    case Verdict::failed:
      event.kind = EventKind::failure;
      break;
  }
  event.time = report->finished;
  event.slot = slot;
  event.verdict = report->verdict;
  for (const SourceOutcome& source : report->sources) event.sources.push_back(source.source);
  event.report = std::move(report);
  return event;
}

}  // namespace hikae
