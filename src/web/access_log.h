// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "web/exchange.h"

namespace hikae::web {

// One line without its end, in the combined format of web servers, so that their tools (fail2ban,
// GoAccess) read it, and behind it the seconds that the request took and the bytes that came:
//   192.0.2.7 - alice [26/Nov/2026:13:00:00 +0000] "POST /alice/data/… HTTP/1.1" 200 0 "-"
//   "restic/0.14.0" 0.132 16777216
// Holds no secret: a login's password stands in a header that is not logged.
std::string access_line(const Exchange& exchange, Instant end, std::chrono::nanoseconds duration);
// The same for a request that could not be parsed.
std::string access_line(const std::string& peer, int status, Instant end);

}  // namespace hikae::web
