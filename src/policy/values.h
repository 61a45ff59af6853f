// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "policy/policy.h"
#include "policy/rate_rule.h"
#include "policy/retention.h"
#include "policy/table.h"

// Single values of the policy: what is valid, and how they become members of the model.
namespace hikae::policy {

// What is wrong with a value, in words, and what would be right.
struct ValueProblem {
  Text message;
  std::optional<Text> hint;
};

// Nothing if `value` is one that `field` takes. `zone` is the policy's, for schedules; UTC while it
// is not known.
std::optional<ValueProblem> check_value(const Field& field,
                                        const std::string& value,
                                        const TimeZone& zone);

// "yes", "no", "on", "off", "true", "false" in any case.
std::optional<bool> parse_boolean(std::string_view value);
std::optional<std::int64_t> parse_whole(std::string_view value);
// "90d", "3y", "1y6w"; a year has 365 days.
std::optional<std::chrono::seconds> parse_period(std::string_view value);

// "10%", "50G", "0".
std::optional<Share> parse_share(std::string_view value);
std::string write_share(const Share& share);

// The position of a word that is there.
std::size_t index_of(const std::vector<std::string_view>& words, std::string_view value);

// From a checked value to a member. For the kinds that do not fit, the text is taken as it is.
void decode_value(const std::string& value, Kind kind, std::string& to);
void decode_value(const std::string& value, Kind kind, bool& to);
void decode_value(const std::string& value, Kind kind, int& to);
void decode_value(const std::string& value, Kind kind, std::uint64_t& to);
void decode_value(const std::string& value, Kind kind, std::chrono::seconds& to);
void decode_value(const std::string& value, Kind kind, CalendarSpan& to);
void decode_value(const std::string& value, Kind kind, RateRule& to);
void decode_value(const std::string& value, Kind kind, Share& to);

// And back, in the canonical form; nothing where the member is at its "unset".
std::optional<std::string> encode_value(const std::string& from, Kind kind);
std::optional<std::string> encode_value(bool from, Kind kind);
std::optional<std::string> encode_value(int from, Kind kind);
std::optional<std::string> encode_value(std::uint64_t from, Kind kind);
std::optional<std::string> encode_value(std::chrono::seconds from, Kind kind);
std::optional<std::string> encode_value(const CalendarSpan& from, Kind kind);
std::optional<std::string> encode_value(const RateRule& from, Kind kind);
std::optional<std::string> encode_value(const Share& from, Kind kind);

// "10m", "1h30m"; a period in whole days or years: "90d", "3y".
std::string write_duration(std::chrono::seconds duration);
std::string write_period(std::chrono::seconds period);
std::string write_size(std::uint64_t bytes);

// The values as one would write them in YAML on one line.
std::string write_values(const Values& values, Shape shape, Kind kind);
// One value, quoted where a YAML reader could take it for something else.
std::string write_scalar(std::string_view value, Kind kind);

// One canonical value as JSON: numbers and booleans as such, all else as text.
void write_json_value(JsonWriter& json, const std::string& value, Kind kind);

// The candidate that was probably meant; nothing if none is near.
std::optional<std::string> closest(std::string_view word,
                                   const std::vector<std::string_view>& candidates);

}  // namespace hikae::policy
