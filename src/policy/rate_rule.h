// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How much of a line a destination may take, by the time of day; pure.
namespace hikae::policy {

// "10M", "unlimited", "22:00-06:00 unlimited", "08:00-18:00 2M".
struct RateRule {
  // Minutes of the local day, from the first to before the last; over midnight where the last is
  // not later than the first. Nothing: the whole day.
  struct Hours {
    std::chrono::minutes begin{0};
    std::chrono::minutes end{0};
    bool operator==(const Hours&) const = default;
  };
  std::optional<Hours> hours;
  std::optional<std::uint64_t> bytes_per_second;  // nothing: as fast as it goes
  bool operator==(const RateRule&) const = default;
};

// nullopt if malformed, or a rate of 0.
std::optional<RateRule> parse_rate_rule(std::string_view text);
std::string write_rate_rule(const RateRule& rule);

// The first rule that applies at that minute of the local day counts; where none does there is no
// limit.
std::optional<std::uint64_t> rate_at(const std::vector<RateRule>& rules,
                                     std::chrono::minutes time_of_day);

}  // namespace hikae::policy
