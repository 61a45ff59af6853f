// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace hikae::format {

// An instant and the offset from UTC that it is written with; restic keeps both, so a decoded tree
// encodes to the same bytes. Comparison of instants ignores the offset.
struct Timestamp {
  std::int64_t seconds = 0;       // since 1970-01-01T00:00:00Z; may be negative
  std::uint32_t nanoseconds = 0;  // [0, 999999999]
  std::int32_t offset = 0;        // seconds east of UTC

  bool operator==(const Timestamp&) const = default;
  bool same_instant(const Timestamp& other) const {
    return seconds == other.seconds && nanoseconds == other.nanoseconds;
  }
};

Timestamp to_timestamp(Instant instant, std::int32_t offset = 0);
// Clamped to what an Instant can hold (years 1677 to 2262).
Instant to_instant(const Timestamp& time);

// RFC 3339 as Go writes it: up to nine fraction digits without trailing zeros, "Z" for offset 0,
// else "+09:00". Years outside 0000–9999 are clamped, as restic does when it reads the file's
// metadata.
void append_rfc3339(std::string& out, const Timestamp& time);
std::string to_rfc3339(const Timestamp& time);
// nullopt unless the whole text is one valid RFC 3339 time.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace hikae::format
