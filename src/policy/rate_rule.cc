// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_rule.h"

#include <fmt/format.h>

#include "base/units.h"
#include "policy/values.h"

namespace hikae::policy {
namespace {

using std::chrono::minutes;

constexpr minutes kDay{24 * 60};

// "22:00"; "24:00" is the end of the day.
std::optional<minutes> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = parse_whole(text.substr(0, 2));
  const auto minute = parse_whole(text.substr(3));
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return std::nullopt;
  const minutes time(*hour * 60 + *minute);
  if (time > kDay) return std::nullopt;
  return time;
}

std::optional<RateRule::Hours> parse_hours(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto begin = parse_clock(text.substr(0, dash));
  const auto end = parse_clock(text.substr(dash + 1));
  // The same time twice could mean nothing or the whole day.
  if (!begin || !end || *begin == *end || *begin == kDay) return std::nullopt;
  return RateRule::Hours{*begin, *end};
}

std::string write_clock(minutes time) {
  return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
}

bool applies(const RateRule& rule, minutes time) {
  if (!rule.hours) return true;
  const auto& [begin, end] = *rule.hours;
  return begin < end ? begin <= time && time < end : begin <= time || time < end;
}

}  // namespace

std::optional<RateRule> parse_rate_rule(std::string_view text) {
  RateRule rule;
  if (text.find(':') != std::string_view::npos) {
    const std::size_t space = text.find(' ');
    rule.hours = parse_hours(text.substr(0, space));
    if (!rule.hours || space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  if (text == "unlimited") return rule;
  rule.bytes_per_second = parse_bytes(text);
  if (rule.bytes_per_second.value_or(0) == 0) return std::nullopt;
  return rule;
}

std::string write_rate_rule(const RateRule& rule) {
  std::string rate =
      rule.bytes_per_second ? write_size(*rule.bytes_per_second) : std::string("unlimited");
  if (!rule.hours) return rate;
  return write_clock(rule.hours->begin) + "-" + write_clock(rule.hours->end) + " " + rate;
}

std::optional<std::uint64_t> rate_at(const std::vector<RateRule>& rules, minutes time_of_day) {
  for (const RateRule& rule : rules) {
    if (applies(rule, time_of_day)) return rule.bytes_per_second;
  }
  return std::nullopt;
}

}  // namespace hikae::policy
