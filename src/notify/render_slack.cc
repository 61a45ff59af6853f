// SPDX-License-Identifier: Apache-2.0
// Slack's Block Kit. Limits: 50 blocks a message, 150 characters of a header, 3,000 of a section's
// text; characters are counted before Slack's own escapes are undone, so this stays below them.
#include "base/json.h"
#include "base/utf8.h"
#include "notify/render.h"

namespace hikae::notify {
namespace {

constexpr std::size_t kLongestHeader = 150;
constexpr std::size_t kLongestSection = 2900;
constexpr std::size_t kLongestFallback = 2900;
constexpr std::size_t kMostSections = 40;

// & < > are all that Slack's mrkdwn wants escaped; what remains of its marks only makes bold.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable_lines(text)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// At most `limit` bytes, cut at a character's border and outside of an escape: bytes are never
// fewer than Slack's characters.
std::string cut(const std::string& text, std::size_t limit) {
  if (text.size() <= limit) return text;
  constexpr std::string_view kMore = "…";
  std::size_t end = limit - kMore.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  const std::size_t escape = text.rfind('&', end);
  if (escape != std::string::npos && escape + 5 > end && text.find(';', escape) >= end)
    end = escape;
  return text.substr(0, end) + std::string(kMore);
}

const char* icon_of(const Message& message) {
  if (is_failure(message)) return message.verdict == Verdict::partial ? "🟠" : "🔴";
  return message.verdict == Verdict::warning || !message.concerns.empty() ? "🟡" : "🟢";
}

class SlackRendering {
 public:
  explicit SlackRendering(const Message& message) : message_(message), json_(out_) {}

  void begin(std::string_view subject) {
    const std::string line = std::string(icon_of(message_)) + " " + std::string(subject);
    json_.begin_object();
    json_.member("text", cut(escaped(line + "\n" + lead_of(message_)), kLongestFallback));
    json_.key("blocks").begin_array().begin_object().member("type", "header");
    json_.key("text").begin_object().member("type", "plain_text");
    // The header is plain text: nothing is escaped there.
    json_.member("text", cut(printable(line), kLongestHeader)).key("emoji").boolean(true);
    json_.end_object().end_object();
  }

  void section(const std::string& text) {
    if (text.empty() || ++sections_ > kMostSections) return;
    json_.begin_object().member("type", "section").key("text").begin_object();
    json_.member("type", "mrkdwn").member("text", cut(text, kLongestSection));
    json_.end_object().end_object();
  }

  void titled(std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    // As many sections as needed, so that nothing is cut off in the middle of a long list.
    std::string body = "*" + escaped(words(message_, text(title))) + "*";
    for (const std::string& line : lines) {
      if (body.size() + line.size() + 1 > kLongestSection) {
        section(body);
        body.clear();
      }
      body += (body.empty() ? "" : "\n") + line;
    }
    section(body);
  }

  void context() {
    std::string line;
    for (const auto& [label, value] : fact_rows(message_))
      line += (line.empty() ? "" : "  |  ") + escaped(label + ": " + value);
    json_.begin_object().member("type", "context").key("elements").begin_array().begin_object();
    json_.member("type", "mrkdwn").member("text", cut(line, kLongestSection));
    json_.end_object().end_array().end_object();
  }

  std::string done() && {
    json_.end_array().end_object();
    return std::move(out_);
  }

 private:
  const Message& message_;
  std::string out_;
  JsonWriter json_;
  std::size_t sections_ = 0;
};

std::vector<std::string> problem_lines(const Message& message) {
  std::vector<std::string> lines;
  for (const Problem& problem : message.problems) {
    std::string line = "• " + escaped(problem.what);
    if (!problem.next_step.empty()) {
      line += "\n    _" +
              escaped(words(message, text("notify.next_step", {{"step", problem.next_step}}))) +
              "_";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> outcome_lines(const Message& message) {
  std::vector<std::string> lines;
  for (const OutcomeFacts& outcome : message.outcomes) {
    std::string line = "• *" + escaped(outcome_title(outcome)) +
                       "*: " + escaped(verdict_words(message, outcome.verdict));
    for (const std::string& fact : outcome_facts(message, outcome)) line += ", " + escaped(fact);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> bullets(const std::vector<std::string>& sentences) {
  std::vector<std::string> lines;
  for (const std::string& sentence : sentences) lines.push_back("• " + escaped(sentence));
  return lines;
}

}  // namespace

std::string to_slack(const Message& message, std::string_view subject, Details details) {
  SlackRendering rendering(message);
  rendering.begin(subject);
  rendering.section(escaped(lead_of(message)));
  if (details != Details::none) {
    rendering.titled("notify.heading_subjects", bullets(message.subjects));
    rendering.titled("notify.heading_problems", problem_lines(message));
    rendering.titled(outcomes_heading(message), outcome_lines(message));
    rendering.titled("notify.heading_notes", bullets(message.notes));
    std::vector<std::string> attempts;
    for (const Attempt& attempt : message.attempts)
      attempts.push_back(attempt_line(message, attempt));
    if (attempts.size() > 1) rendering.titled("notify.heading_attempts", bullets(attempts));
    std::vector<std::string> items;
    for (const UnreadableItem& item : message.items) items.push_back(item_line(item));
    if (details == Details::full) rendering.titled(items_heading(message), bullets(items));
    rendering.context();
  }
  return std::move(rendering).done();
}

}  // namespace hikae::notify
