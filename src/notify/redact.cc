// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "notify/render.h"

namespace hikae::notify {
namespace {

constexpr std::string_view kHidden = "***";

bool ends_word(char c) {
  return static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '\'' || c == '<' || c == '>' ||
         c == ')' || c == ',';
}

std::size_t word_end(const std::string& text, std::size_t from) {
  while (from < text.size() && !ends_word(text[from])) ++from;
  return from;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// scheme://user:password@host/ keeps the scheme, the user and the host.
void hide_logins(std::string& text) {
  for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(word_end(text, begin), text.find('/', begin));
    const std::string_view login = std::string_view(text).substr(begin, end - begin);
    const std::size_t sign = login.rfind('@');
    const std::size_t colon = login.find(':');
    if (sign == std::string_view::npos || colon == std::string_view::npos || colon > sign) continue;
    text.replace(begin + colon + 1, sign - colon - 1, kHidden);
  }
}

// Of the address of a webhook or a ping, the path is the secret.
void hide_paths(std::string& text) {
  constexpr std::array<std::string_view, 6> kHosts = {"hooks.slack.com/",
                                                      "hc-ping.com/",
                                                      "discord.com/api/webhooks/",
                                                      "webhook.office.com/",
                                                      "/services/",
                                                      "/hooks/"};
  for (const std::string_view host : kHosts) {
    for (std::size_t at = text.find(host); at != std::string::npos;
         at = text.find(host, at + host.size())) {
      // Only inside of a URL: /hooks/ may be a folder.
      const std::size_t scheme = text.rfind("://", at);
      if (scheme == std::string::npos || word_end(text, scheme) < at) continue;
      const std::size_t begin = at + host.size();
      text.replace(begin, word_end(text, begin) - begin, kHidden);
    }
  }
}

// password=…, token="… …"
void hide_values(std::string& text) {
  constexpr std::array<std::string_view, 6> kNames = {
      "password", "passwd", "token", "secret", "api_key", "apikey"};
  std::string low(text.size(), ' ');
  std::transform(text.begin(), text.end(), low.begin(), lower);
  for (const std::string_view name : kNames) {
    for (std::size_t at = low.find(name); at != std::string::npos;
         at = low.find(name, at + name.size())) {
      const std::size_t sign = at + name.size();
      if (sign >= low.size() || low[sign] != '=') continue;
      std::size_t begin = sign + 1;
      std::size_t end = std::min(word_end(low, begin), low.find('&', begin));
      const bool is_quoted = begin < low.size() && (low[begin] == '"' || low[begin] == '\'');
      // Up to the other quote, or to the end where it was cut off.
      if (is_quoted) end = std::min(low.find(low[begin], begin + 1), low.size());
      if (is_quoted) ++begin;
      text.replace(begin, end - begin, kHidden);
      low.replace(begin, end - begin, kHidden);
    }
  }
}

}  // namespace

std::string redacted(std::string_view sentence) {
  std::string text = printable_lines(sentence);
  hide_logins(text);
  hide_paths(text);
  hide_values(text);
  return text;
}

Message redacted(Message message) {
  for (Problem& problem : message.problems) {
    problem.what = redacted(problem.what);
    problem.next_step = redacted(problem.next_step);
  }
  for (std::string& note : message.notes) note = redacted(note);
  for (Attempt& attempt : message.attempts) attempt.reason = redacted(attempt.reason);
  for (UnreadableItem& item : message.items) item.reason = redacted(item.reason);
  for (std::string& subject : message.subjects) subject = redacted(subject);
  return message;
}

}  // namespace hikae::notify
