// SPDX-License-Identifier: Apache-2.0
#include "logs/line.h"

#include <array>

#include <simdjson.h>

#include "base/json.h"
#include "format/time.h"

namespace hikae::logs {
namespace {

constexpr std::array kLevels = {
    LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
constexpr std::size_t kLongestLine = std::size_t{1} << 20U;

struct Member {
  std::string_view name;
  std::string Line::*value;
};
constexpr std::array<Member, 14> kMembers = {{{"event", &Line::event},
                                              {"class", &Line::event_class},
                                              {"policy", &Line::policy},
                                              {"job", &Line::job},
                                              {"group", &Line::group},
                                              {"run", &Line::run},
                                              {"source", &Line::source},
                                              {"destination", &Line::destination},
                                              {"path", &Line::path},
                                              {"snapshot", &Line::snapshot},
                                              {"verdict", &Line::verdict},
                                              {"message", &Line::message},
                                              {"hint", &Line::hint},
                                              {"", nullptr}}};

std::optional<LogLevel> level_of(std::string_view word) {
  for (const LogLevel level : kLevels) {
    if (to_string(level) == word) return level;
  }
  return std::nullopt;
}

std::optional<format::Timestamp> time_in(simdjson::dom::element value) {
  std::string_view words;
  if (value.get(words) != simdjson::SUCCESS) return std::nullopt;
  return format::parse_rfc3339(words);
}

void read_numbers(simdjson::dom::element value, Line& line) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return;
  for (const auto& field : object) {
    std::uint64_t number = 0;
    if (field.value.get(number) == simdjson::SUCCESS) line.numbers[std::string(field.key)] = number;
  }
}

// False when a member that must be right is not.
bool read_member(std::string_view key, simdjson::dom::element value, Line& line) {
  std::string_view words;
  if (key == "time") {
    const auto time = time_in(value);
    if (!time) return false;
    line.time = format::to_instant(*time);
    line.utc_offset = time->offset;
  } else if (key == "severity") {
    if (value.get(words) != simdjson::SUCCESS) return false;
    const auto level = level_of(words);
    if (!level) return false;
    line.severity = *level;
  } else if (key == "slot") {
    const auto time = time_in(value);
    if (time) line.slot = format::to_instant(*time);
  } else if (key == "read_back") {
    bool flag = false;
    if (value.get(flag) == simdjson::SUCCESS) line.read_back = flag;
  } else if (key == "numbers") {
    read_numbers(value, line);
  } else if (value.get(words) == simdjson::SUCCESS) {
    for (const Member& member : kMembers) {
      if (member.value != nullptr && member.name == key) line.*member.value = words;
    }
  }
  return true;
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::string encode_line(const Line& line) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("time", format::to_rfc3339(format::to_timestamp(line.time, line.utc_offset)));
  json.member("severity", to_string(line.severity));
  if (line.slot) json.member("slot", format::to_rfc3339(format::to_timestamp(*line.slot)));
  for (const Member& member : kMembers) {
    if (member.value != nullptr && !(line.*member.value).empty())
      json.member(member.name, line.*member.value);
  }
  if (line.read_back) json.key("read_back").boolean(*line.read_back);
  if (!line.numbers.empty()) {
    json.key("numbers").begin_object();
    for (const auto& [name, number] : line.numbers) json.member(name, number);
    json.end_object();
  }
  json.end_object();
  return out;
}

std::optional<Line> parse_line(std::string_view text) {
  if (text.empty() || text.size() > kLongestLine) return std::nullopt;
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(text);
  simdjson::dom::object object;
  if (parser.parse(padded).get(object) != simdjson::SUCCESS) return std::nullopt;
  Line line;
  bool has_time = false;
  bool has_severity = false;
  for (const auto& field : object) {
    has_time = has_time || field.key == "time";
    has_severity = has_severity || field.key == "severity";
    if (!read_member(field.key, field.value, line)) return std::nullopt;
  }
  if (!has_time || !has_severity || line.event.empty()) return std::nullopt;
  return line;
}

}  // namespace hikae::logs
