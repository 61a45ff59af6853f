// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hikae {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

// "1.500 GiB", as restic prints sizes.
std::string format_bytes(std::uint64_t bytes);
// "500M", "1.5G", "12k", "100" (bytes); suffixes K M G T with or without "B"/"iB", powers of 1024.
// nullopt if malformed.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
// "0:07", "1:02:03".
std::string format_duration(std::chrono::seconds duration);
// "30s", "5m", "1h30m", "2d", "1w"; nullopt if malformed or empty.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace hikae
