// SPDX-License-Identifier: Apache-2.0
#include "notify/message.h"

#include <algorithm>

#include "base/units.h"
#include "base/utf8.h"
#include "notify/words.h"
#include "policy/time_zone.h"

namespace hikae::notify {
namespace {

bool has(const Message& message, Concern concern) {
  return std::find(message.concerns.begin(), message.concerns.end(), concern) !=
         message.concerns.end();
}

bool is_bad(Verdict verdict) {
  return verdict == Verdict::partial || verdict == Verdict::failed;
}

// A source whose size changed so much that its deletion waits for a person.
bool is_about_anomaly(const Message& message) {
  return message.slot.job == "anomaly";
}

// What stands between the first words and the policy's name.
std::string headline_of(const Message& message) {
  const Text::Arguments arguments = {{"job", job_words(message)},
                                     {"verdict", verdict_words(message, message.verdict)},
                                     {"channel", message.channel}};
  switch (message.occasion) {
    case Occasion::started:
      return words(message, text("notify.headline_started", arguments));
    case Occasion::retrying:
      return words(message, text("notify.headline_retrying", arguments));
    case Occasion::left_out:
      return words(message, text("notify.headline_left_out", arguments));
    case Occasion::missed:
      return words(message, text("notify.headline_missed", arguments));
    case Occasion::recovered:
      return words(message, text("notify.headline_recovered", arguments));
    case Occasion::frozen:
      return words(message, text("notify.headline_only_frozen", arguments));
    case Occasion::low_space:
      return words(message, text("notify.headline_only_low_space", arguments));
    case Occasion::overdue:
      return words(message, text("notify.headline_overdue", arguments));
    case Occasion::unacknowledged:
      return words(message,
                   is_about_anomaly(message) ? text("notify.headline_frozen_unacknowledged")
                                             : text("notify.headline_unacknowledged", arguments));
    case Occasion::policy_unreadable:
      return words(message, text("notify.headline_policy_unreadable"));
    case Occasion::undeliverable:
      return words(message, text("notify.headline_undeliverable", arguments));
    case Occasion::digest:
      return words(
          message,
          text("notify.headline_digest", {{"count", std::to_string(message.subjects.size())}}));
    case Occasion::test:
      return words(message, text("notify.headline_test", arguments));
    case Occasion::finished:
      break;
  }
  std::string line = message.slot.job == "backup"
                         ? verdict_words(message, message.verdict)
                         : words(message, text("notify.headline_job", arguments));
  if (has(message, Concern::deletion_frozen))
    line += words(message, text("notify.headline_frozen"));
  if (has(message, Concern::low_space)) line += words(message, text("notify.headline_low_space"));
  return line;
}

std::string lead_of_finished(const Message& message) {
  if (message.slot.job != "backup") {
    if (message.slot.job == "review" && is_bad(message.verdict))
      return words(message, text("notify.lead_review"));
    const Text::Arguments arguments = {{"job", job_words(message)}};
    return words(message,
                 is_bad(message.verdict)               ? text("notify.lead_job_bad", arguments)
                 : message.verdict == Verdict::warning ? text("notify.lead_job_warning", arguments)
                                                       : text("notify.lead_job_ok", arguments));
  }
  switch (message.verdict) {
    case Verdict::ok:
      return words(message, text("notify.lead_ok"));
    case Verdict::warning:
      return words(message, text("notify.lead_warning"));
    case Verdict::partial:
      return words(message, text("notify.lead_partial"));
    case Verdict::failed:
      break;
  }
  return words(message, text("notify.lead_failed"));
}

// "2026-11-23 02:00" where the seconds are zero.
std::string short_time(const Message& message, Instant time) {
  std::string shown = shown_time(message, time);
  if (shown.ends_with(":00") && shown.size() > 16) shown.resize(shown.size() - 3);
  return shown;
}

bool has_slot(const Message& message) {
  return message.slot.scheduled != Instant{};
}

}  // namespace

std::string_view word_of(Occasion occasion) {
  switch (occasion) {
    case Occasion::started:
      return "started";
    case Occasion::retrying:
      return "retrying";
    case Occasion::finished:
      return "finished";
    case Occasion::left_out:
      return "left_out";
    case Occasion::missed:
      return "missed";
    case Occasion::recovered:
      return "recovered";
    case Occasion::frozen:
      return "deletion_frozen";
    case Occasion::low_space:
      return "low_space";
    case Occasion::overdue:
      return "overdue";
    case Occasion::unacknowledged:
      return "unacknowledged";
    case Occasion::policy_unreadable:
      return "policy_unreadable";
    case Occasion::undeliverable:
      return "undeliverable";
    case Occasion::digest:
      return "digest";
    case Occasion::test:
      break;
  }
  return "test";
}

std::string_view word_of(Concern concern) {
  return concern == Concern::low_space ? "low_space" : "deletion_frozen";
}

bool is_failure(const Message& message) {
  switch (message.occasion) {
    case Occasion::missed:
    case Occasion::overdue:
    case Occasion::unacknowledged:
    case Occasion::policy_unreadable:
    case Occasion::undeliverable:
      return true;
    case Occasion::started:
    case Occasion::recovered:
    case Occasion::test:
      return false;
    case Occasion::retrying:
    case Occasion::finished:
    case Occasion::left_out:
    case Occasion::frozen:
    case Occasion::low_space:
    case Occasion::digest:
      break;
  }
  return is_bad(message.verdict);
}

std::string subject_of(const Message& message, const SubjectWords& subject_words) {
  const std::string begin = is_failure(message) ? subject_words.failed : subject_words.completed;
  std::string subject =
      begin + ": " + headline_of(message) + " - " + message.policy + " (" + message.host + ") " +
      short_time(message, has_slot(message) ? message.slot.scheduled : message.time);
  // Names may come from elsewhere; whatever is in them, this stays one line.
  return printable(subject);
}

std::string lead_of(const Message& message) {
  const Text::Arguments arguments = {
      {"job", job_words(message)},
      {"channel", message.channel},
      {"since", message.since ? shown_time(message, *message.since) : std::string()},
      {"count", std::to_string(message.subjects.size())},
      {"slot", short_time(message, has_slot(message) ? message.slot.scheduled : message.time)}};
  switch (message.occasion) {
    case Occasion::started:
      return words(message, text("notify.lead_started", arguments));
    case Occasion::retrying:
      return words(message, text("notify.lead_retrying", arguments));
    case Occasion::left_out:
      return words(message, text("notify.lead_left_out", arguments));
    case Occasion::missed:
      return words(message, text("notify.lead_missed", arguments));
    case Occasion::recovered:
      return words(message,
                   message.since ? text("notify.lead_recovered_since", arguments)
                                 : text("notify.lead_recovered", arguments));
    case Occasion::frozen:
      return words(message, text("notify.lead_frozen"));
    case Occasion::low_space:
      return words(message, text("notify.lead_low_space"));
    case Occasion::overdue:
      return words(message,
                   message.since ? text("notify.lead_overdue_since", arguments)
                                 : text("notify.lead_overdue", arguments));
    case Occasion::unacknowledged:
      return words(message,
                   is_about_anomaly(message) ? text("notify.lead_frozen")
                                             : text("notify.lead_unacknowledged", arguments));
    case Occasion::policy_unreadable:
      return words(message, text("notify.lead_policy_unreadable"));
    case Occasion::undeliverable:
      return words(message, text("notify.lead_undeliverable", arguments));
    case Occasion::digest:
      return words(message, text("notify.lead_digest", arguments));
    case Occasion::test:
      return words(message, text("notify.lead_test", arguments));
    case Occasion::finished:
      break;
  }
  return lead_of_finished(message);
}

std::string key_of(const Message& message) {
  std::string key = std::string(word_of(message.occasion)) + "/" + message.slot.job + "/" +
                    message.slot.group + "/" +
                    std::to_string(message.slot.scheduled.time_since_epoch().count());
  switch (message.occasion) {
    case Occasion::retrying:
      return key + "/" + std::to_string(message.attempts.size());
    case Occasion::undeliverable:
      // Once a day: a channel that is out of order for a week is no news every five minutes.
      return key + "/" + message.channel + "/" + shown_time(message, message.time).substr(0, 10);
    case Occasion::policy_unreadable:
      return key + "/" + (message.problems.empty() ? "" : message.problems.front().what) + "/" +
             shown_time(message, message.time).substr(0, 10);
    case Occasion::unacknowledged:
    case Occasion::test:
    case Occasion::digest:
      return key + "/" + std::to_string(message.time.time_since_epoch().count());
    default:
      return key;
  }
}

std::string words(const Message& message, const Text& text) {
  return render(text, message.language);
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string shown_time(const Message& message, Instant time) {
  return policy::policy_time(message.timezone, time);
}

std::string shown_duration(std::chrono::seconds duration) {
  // "5:12" alone could be hours.
  std::string shown = format_duration(duration);
  if (duration < std::chrono::minutes(10)) return "0:0" + shown;
  return duration < std::chrono::hours(1) ? "0:" + shown : shown;
}

std::string job_words(const Message& message) {
  const std::string& job = message.slot.job;
  if (job == "backup") return words(message, text("notify.job_backup"));
  if (job == "prune") return words(message, text("notify.job_prune"));
  if (job == "check") return words(message, text("notify.job_check"));
  if (job == "drill") return words(message, text("notify.job_drill"));
  if (job == "review") return words(message, text("notify.job_review"));
  if (job == "notify") return words(message, text("notify.job_notify"));
  if (job == "anomaly") return words(message, text("notify.job_anomaly"));
  return job;
}

std::string verdict_words(const Message& message, Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return words(message, text("notify.verdict_ok"));
    case Verdict::warning:
      return words(message, text("notify.verdict_warning"));
    case Verdict::partial:
      return words(message, text("notify.verdict_partial"));
    case Verdict::failed:
      break;
  }
  return words(message, text("notify.verdict_failed"));
}

std::vector<std::pair<std::string, std::string>> fact_rows(const Message& message) {
  std::vector<std::pair<std::string, std::string>> rows;
  const auto add = [&](std::string_view label, std::string value) {
    rows.emplace_back(words(message, text(label)), std::move(value));
  };
  const std::string zone = message.timezone.empty() ? "UTC" : message.timezone;
  add("notify.label_policy", message.policy);
  add("notify.label_host", message.host);
  if (has_slot(message)) {
    const bool by_hand = message.slot.group == "manual";
    add("notify.label_slot",
        words(message,
              by_hand ? text("notify.slot_by_hand", {{"job", job_words(message)}})
                      : text("notify.slot",
                             {{"job", job_words(message)},
                              {"time", short_time(message, message.slot.scheduled)},
                              {"zone", zone}})));
  }
  if (message.started) add("notify.label_started", shown_time(message, *message.started));
  if (message.finished) {
    std::string value = shown_time(message, *message.finished);
    if (message.started) {
      const auto took =
          std::chrono::duration_cast<std::chrono::seconds>(*message.finished - *message.started);
      value += " (" + shown_duration(took) + ")";
    }
    add("notify.label_finished", value);
  }
  if (!message.run.empty()) add("notify.label_run", message.run);
  if (!has_slot(message) || message.slot.group == "manual") add("notify.label_zone", zone);
  return rows;
}

std::string_view outcomes_heading(const Message& message) {
  const bool is_of_sources =
      std::any_of(message.outcomes.begin(), message.outcomes.end(), [](const OutcomeFacts& one) {
        return !one.source.empty();
      });
  return is_of_sources ? "notify.heading_outcomes" : "notify.heading_destinations";
}

std::string outcome_title(const OutcomeFacts& outcome) {
  if (outcome.destination.empty()) return outcome.source;
  if (outcome.source.empty()) return outcome.destination;
  return outcome.source + " → " + outcome.destination;
}

std::vector<std::string> outcome_facts(const Message& message, const OutcomeFacts& outcome) {
  std::vector<std::string> facts;
  const auto add = [&](std::string_view key, Text::Arguments arguments) {
    facts.push_back(words(message, text(key, std::move(arguments))));
  };
  if (outcome.files && outcome.bytes) {
    add("notify.fact_files",
        {{"files", grouped(*outcome.files)}, {"size", format_bytes(*outcome.bytes)}});
  }
  if (outcome.added) add("notify.fact_added", {{"size", format_bytes(*outcome.added)}});
  if (outcome.took) add("notify.fact_took", {{"time", shown_duration(*outcome.took)}});
  if (outcome.unreadable > 0)
    add("notify.fact_unreadable", {{"count", grouped(outcome.unreadable)}});
  if (outcome.kept) {
    add("notify.fact_kept",
        {{"kept", grouped(*outcome.kept)}, {"dropped", grouped(outcome.dropped)}});
  }
  if (!outcome.snapshot.empty())
    add("notify.fact_snapshot", {{"id", outcome.snapshot.substr(0, 8)}});
  return facts;
}

std::string item_line(const UnreadableItem& item) {
  const std::string line = item.source + ": " + printable(item.path);
  return item.reason.empty() ? line : line + ": " + item.reason;
}

std::string_view items_heading(const Message& message) {
  return message.slot.job == "backup" ? "notify.heading_items" : "notify.heading_findings";
}

std::string attempt_line(const Message& message, const Attempt& attempt) {
  std::string line = shown_time(message, attempt.started) + " ";
  line += attempt.verdict ? verdict_words(message, *attempt.verdict)
                          : words(message, text("notify.attempt_killed"));
  if (!attempt.reason.empty()) line += ": " + attempt.reason;
  return line;
}

}  // namespace hikae::notify
