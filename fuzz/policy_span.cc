// SPDX-License-Identifier: Apache-2.0
// Any bytes: a span that reads back from what it is written as, or Error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "policy/retention.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae::policy;
  try {
    const CalendarSpan span =
        parse_calendar_span(std::string_view(reinterpret_cast<const char*>(data), size));
    if (parse_calendar_span(to_string(span)) != span) std::abort();
  } catch (const hikae::Error& error) {
    if (error.code() != hikae::ErrorCode::invalid_argument) std::abort();
  }
  return 0;
}
