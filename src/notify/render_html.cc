// SPDX-License-Identifier: Apache-2.0
// Mail programs know little CSS and drop style sheets: styles stand at the elements, and what needs
// columns is a table. One column of cards reads on a phone.
#include "notify/render.h"
#include "notify/template.h"

namespace hikae::notify {
namespace {

struct Colours {
  const char* strong;  // on white, at least 4.5:1
  const char* pale;
};

Colours colours_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return {"#1a6b34", "#e7f4ea"};
    case Verdict::warning:
      return {"#7a5200", "#fdf3dc"};
    case Verdict::partial:
      return {"#9a3b00", "#fdebdf"};
    case Verdict::failed:
      break;
  }
  return {"#a3121f", "#fce8e9"};
}

std::string escaped(std::string_view text) {
  std::string out = escaped(text, Escape::xml);
  for (std::size_t at = out.find('\n'); at != std::string::npos; at = out.find('\n', at))
    out.replace(at, 1, "<br>");
  return out;
}

class HtmlRendering {
 public:
  explicit HtmlRendering(const Message& message) : message_(message) {}

  void head(std::string_view subject) {
    const Colours colours = is_failure(message_) && message_.verdict < Verdict::partial
                                ? colours_of(Verdict::failed)
                                : colours_of(message_.verdict);
    out_ += "<!DOCTYPE html>\n<html lang=\"";
    out_ += message_.language == Language::ja ? "ja" : "en";
    out_ +=
        "\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\"><title>" +
        escaped(subject) +
        "</title></head>\n<body style=\"margin:0;padding:0;background:#f2f3f5;color:#1c1e21;"
        "font-family:-apple-system,'Segoe UI','Hiragino Sans','Noto Sans CJK JP','Yu Gothic',"
        "Meiryo,sans-serif;font-size:15px;line-height:1.5\">\n"
        "<div style=\"max-width:640px;margin:0 auto;padding:12px\">\n"
        "<div style=\"background:#ffffff;border:1px solid #dcdfe4;border-top:6px solid ";
    out_ += colours.strong;
    out_ +=
        ";border-radius:6px;padding:16px\">\n<h1 style=\"margin:0 0 8px;font-size:19px;"
        "line-height:1.35;color:";
    out_ += colours.strong;
    out_ += "\">" + escaped(subject) + "</h1>\n<p style=\"margin:0 0 12px\">" +
            escaped(lead_of(message_)) + "</p>\n";
  }

  void problems() {
    if (message_.problems.empty()) return;
    heading("notify.heading_problems");
    const Colours colours = colours_of(Verdict::failed);
    for (const Problem& problem : message_.problems) {
      out_ += "<div style=\"margin:0 0 8px;padding:10px 12px;border-radius:4px;background:";
      out_ += colours.pale;
      out_ += ";overflow-wrap:anywhere\">" + escaped(problem.what);
      if (!problem.next_step.empty()) {
        out_ += "<div style=\"margin-top:6px;font-weight:600\">" +
                escaped(words(message_, text("notify.next_step", {{"step", problem.next_step}}))) +
                "</div>";
      }
      out_ += "</div>\n";
    }
  }

  void facts() {
    out_ +=
        "<table role=\"presentation\" style=\"border-collapse:collapse;margin:0 0 4px;"
        "font-size:14px\">\n";
    for (const auto& [label, value] : fact_rows(message_)) {
      out_ +=
          "<tr><td style=\"padding:2px 16px 2px 0;color:#5a6069;vertical-align:top;"
          "white-space:nowrap\">" +
          escaped(label) + "</td><td style=\"padding:2px 0;overflow-wrap:anywhere\">" +
          escaped(value) + "</td></tr>\n";
    }
    out_ += "</table>\n";
  }

  void outcomes() {
    if (message_.outcomes.empty()) return;
    heading(outcomes_heading(message_));
    for (const OutcomeFacts& outcome : message_.outcomes) {
      const Colours colours = colours_of(outcome.verdict);
      out_ += "<div style=\"margin:0 0 8px;padding:8px 12px;border-left:4px solid ";
      out_ += colours.strong;
      out_ += ";background:#f8f9fa\"><div style=\"overflow-wrap:anywhere\"><b>" +
              escaped(outcome_title(outcome)) +
              "</b> <span style=\"display:inline-block;padding:0 8px;border-radius:9px;"
              "font-size:13px;background:";
      out_ += colours.pale;
      out_ += ";color:";
      out_ += colours.strong;
      out_ += "\">" + escaped(verdict_words(message_, outcome.verdict)) + "</span></div>";
      std::string line;
      for (const std::string& fact : outcome_facts(message_, outcome))
        line += (line.empty() ? "" : " · ") + fact;
      if (!line.empty())
        out_ += "<div style=\"font-size:13px;color:#3d434b\">" + escaped(line) + "</div>";
      out_ += "</div>\n";
    }
  }

  void list(std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    heading(title);
    out_ += "<ul style=\"margin:0;padding-left:20px;font-size:14px\">\n";
    for (const std::string& line : lines)
      out_ += "<li style=\"margin:0 0 4px;overflow-wrap:anywhere\">" + escaped(line) + "</li>\n";
    out_ += "</ul>\n";
  }

  void attempts() {
    if (message_.attempts.size() < 2) return;
    std::vector<std::string> lines;
    for (const Attempt& attempt : message_.attempts)
      lines.push_back(attempt_line(message_, attempt));
    list("notify.heading_attempts", lines);
  }

  void items(Details details) {
    if (details != Details::full || message_.items.empty()) return;
    std::vector<std::string> lines;
    for (const UnreadableItem& item : message_.items) lines.push_back(item_line(item));
    if (message_.unreadable > message_.items.size()) {
      lines.push_back(
          words(message_,
                text("notify.more_items",
                     {{"count", grouped(message_.unreadable - message_.items.size())}})));
    }
    list(items_heading(message_), lines);
  }

  std::string done() && {
    out_ += "</div>\n<p style=\"margin:8px 4px;font-size:12px;color:#5a6069\">" +
            escaped(words(message_, text("notify.footer", {{"host", message_.host}}))) +
            "</p>\n</div>\n</body>\n</html>\n";
    return std::move(out_);
  }

 private:
  void heading(std::string_view key) {
    out_ += "<h2 style=\"margin:16px 0 6px;font-size:15px\">" +
            escaped(words(message_, text(key))) + "</h2>\n";
  }

  const Message& message_;
  std::string out_;
};

}  // namespace

std::string to_html(const Message& message, std::string_view subject, Details details) {
  HtmlRendering rendering(message);
  rendering.head(subject);
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

}  // namespace hikae::notify
