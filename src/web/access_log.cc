// SPDX-License-Identifier: Apache-2.0
#include "web/access_log.h"

#include "base/utf8.h"
#include "web/timestamps.h"

namespace hikae::web {
namespace {

// What a client sent must not end the field or the line.
std::string quoted(const std::string& value) {
  std::string result = "\"";
  for (const char c : printable(value)) {
    if (c == '"') {
      result += "\\x22";
    } else {
      result += c;
    }
  }
  return result + "\"";
}

// A user is a field without quotes.
std::string word(const std::string& value) {
  if (value.empty()) return "-";
  std::string result;
  for (const char c : printable(value)) result += c == ' ' || c == '"' ? '_' : c;
  return result;
}

std::string seconds_of(std::chrono::nanoseconds duration) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  const std::string fraction = std::to_string(milliseconds % 1000);
  return std::to_string(milliseconds / 1000) + "." + std::string(3 - fraction.size(), '0') +
         fraction;
}

}  // namespace

std::string access_line(const Exchange& exchange, Instant end, std::chrono::nanoseconds duration) {
  const RequestHead& head = exchange.head();
  return exchange.peer() + " - " + word(exchange.user) + " " + log_time(end) + " " +
         quoted(head.method + " " + head.target + " HTTP/1.1") + " " +
         std::to_string(exchange.status()) + " " + std::to_string(exchange.sent()) + " \"-\" " +
         (head.user_agent.empty() ? "\"-\"" : quoted(head.user_agent)) + " " +
         seconds_of(duration) + " " + std::to_string(exchange.received());
}

std::string access_line(const std::string& peer, int status, Instant end) {
  return peer + " - - " + log_time(end) + " \"-\" " + std::to_string(status) +
         " 0 \"-\" \"-\" 0.000 0";
}

}  // namespace hikae::web
