// SPDX-License-Identifier: Apache-2.0
// One line of the log: what happened in a run, for programs and for people. Written as one JSON
// object, without line breaks; the names of its members are an interface that scripts rely on.
// A member without a value is left out. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace hikae::logs {

// The names of events that validation and monitoring rely on. Other lines are named by the key of
// their text in the catalogue.
inline constexpr std::string_view kRunStarted = "run_started";
inline constexpr std::string_view kRunFinished = "run_finished";
inline constexpr std::string_view kRunStopped = "run_stopped";  // somebody asked for it
inline constexpr std::string_view kGeneration = "generation";   // a source in a destination
inline constexpr std::string_view kSource = "source";           // a source as a whole
inline constexpr std::string_view kItem = "item_unreadable";
inline constexpr std::string_view kRemoved = "generation_removed";
inline constexpr std::string_view kResult = "result";  // of a check or prune in a destination

struct Line {
  Instant time;
  std::int32_t utc_offset = 0;  // seconds east of UTC, with which the time is written
  LogLevel severity = LogLevel::info;
  std::string event;  // stable name
  // What kind of fact it is: "run", "generation", "source", "retention", "validation", "message";
  // for a failure the code of the error (see ErrorCode). An error with the class "message" is one
  // that the program does not know: validation reports it.
  std::string event_class;
  std::string policy;
  std::string job;
  std::string group;
  std::optional<Instant> slot;  // scheduled moment; written in UTC
  std::string run;
  std::string source;
  std::string destination;
  std::string path;
  std::string snapshot;  // 64 hex digits
  std::string verdict;
  std::optional<bool> read_back;
  std::map<std::string, std::uint64_t> numbers;  // files, bytes, bytes_stored, unreadable, …
  std::string message;                           // for people, in the policy's language
  std::string hint;

  bool operator==(const Line&) const = default;
};

// Control characters and line breaks are escaped, so that one line stays one line.
std::string encode_line(const Line& line);
// nullopt for what encode_line() cannot have written: torn, no JSON, no time, event or severity.
// Members that are not known are ignored, so that older programs read newer logs.
std::optional<Line> parse_line(std::string_view text);

std::string_view to_string(LogLevel level);

}  // namespace hikae::logs
