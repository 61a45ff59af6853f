// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"

namespace hikae::web {

// "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate of RFC 9110).
std::string http_date(Instant instant);
// "[06/Nov/1994:08:49:37 +0000]", as web servers log it.
std::string log_time(Instant instant);

}  // namespace hikae::web
