// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace hikae::net {

// Times as web services write them, all UTC. Pure. A parser gives nullopt for what it does not
// know, and the last moment of Instant for a time beyond it ("9999-12-31": never).

// "20261126T132055Z", for signatures.
std::string compact_time(Instant time);
// "2026-11-26T13:20:55Z".
std::string iso_time(Instant time);
// "2026-11-26T13:20:55.123Z", fraction and "Z" or "+00:00" optional.
std::optional<Instant> parse_iso_time(std::string_view text);
// "Thu, 26 Nov 2026 13:20:55 GMT" (RFC 9110 §5.6.7, the fixed-length form).
std::optional<Instant> parse_http_date(std::string_view text);

}  // namespace hikae::net
