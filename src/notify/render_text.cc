// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf8.h"
#include "notify/render.h"

namespace hikae::notify {
namespace {

class TextRendering {
 public:
  explicit TextRendering(const Message& message) : message_(message) {}

  void lead() { out_ += lead_of(message_) + "\n"; }

  void facts() {
    const auto rows = fact_rows(message_);
    std::size_t width = 0;
    for (const auto& [label, value] : rows) width = std::max(width, display_width(label));
    out_ += "\n";
    for (const auto& [label, value] : rows)
      out_ += "  " + label + std::string(width - display_width(label) + 2, ' ') + value + "\n";
  }

  void problems() {
    if (message_.problems.empty()) return;
    heading("notify.heading_problems");
    int number = 0;
    for (const Problem& problem : message_.problems) {
      out_ += "  " + std::to_string(++number) + ". " + problem.what + "\n";
      if (problem.next_step.empty()) continue;
      out_ +=
          "     " + words(message_, text("notify.next_step", {{"step", problem.next_step}})) + "\n";
    }
  }

  void outcomes() {
    if (message_.outcomes.empty()) return;
    heading(outcomes_heading(message_));
    for (const OutcomeFacts& outcome : message_.outcomes) {
      out_ +=
          "  " + outcome_title(outcome) + ": " + verdict_words(message_, outcome.verdict) + "\n";
      std::string line;
      for (const std::string& fact : outcome_facts(message_, outcome))
        line += (line.empty() ? "" : " · ") + fact;
      if (!line.empty()) out_ += "      " + line + "\n";
    }
  }

  void list(std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    heading(title);
    for (const std::string& line : lines) out_ += "  - " + line + "\n";
  }

  void attempts() {
    if (message_.attempts.size() < 2) return;
    heading("notify.heading_attempts");
    int number = 0;
    for (const Attempt& attempt : message_.attempts)
      out_ += "  " + std::to_string(++number) + ". " + attempt_line(message_, attempt) + "\n";
  }

  void items(Details details) {
    if (details != Details::full || message_.items.empty()) return;
    heading(items_heading(message_));
    for (const UnreadableItem& item : message_.items) out_ += "  " + item_line(item) + "\n";
    if (message_.unreadable > message_.items.size()) {
      out_ += "  " +
              words(message_,
                    text("notify.more_items",
                         {{"count", grouped(message_.unreadable - message_.items.size())}})) +
              "\n";
    }
  }

  std::string done() && {
    out_ += "\n-- \n" + words(message_, text("notify.footer", {{"host", message_.host}})) + "\n";
    return printable_lines(out_);
  }

 private:
  void heading(std::string_view key) { out_ += "\n" + words(message_, text(key)) + "\n"; }

  const Message& message_;
  std::string out_;
};

}  // namespace

std::string to_text(const Message& message, Details details) {
  TextRendering rendering(message);
  rendering.lead();
  if (details == Details::none) return std::move(rendering).done();
  rendering.list("notify.heading_subjects", message.subjects);
  rendering.problems();
  rendering.facts();
  rendering.outcomes();
  rendering.list("notify.heading_notes", message.notes);
  rendering.attempts();
  rendering.items(details);
  return std::move(rendering).done();
}

std::string to_ping_text(const Message& message) {
  std::string out = message.policy + ": " + std::string(word_of(message.occasion)) + " " +
                    std::string(to_string(message.verdict)) + "\n";
  std::size_t good = 0;
  for (const OutcomeFacts& outcome : message.outcomes) {
    if (outcome.verdict == Verdict::ok || outcome.verdict == Verdict::warning) ++good;
  }
  if (!message.outcomes.empty())
    out += std::to_string(good) + "/" + std::to_string(message.outcomes.size()) + " good\n";
  if (message.unreadable > 0) out += std::to_string(message.unreadable) + " unreadable\n";
  return out;
}

}  // namespace hikae::notify
