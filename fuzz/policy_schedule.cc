// SPDX-License-Identifier: Apache-2.0
// Any bytes: a schedule whose due times increase and can be found from both sides, or Error.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "policy/schedule.h"

namespace {

void check(const hikae::policy::Schedule& schedule, hikae::Instant when) {
  for (int i = 0; i < 4; ++i) {
    const auto next = schedule.next_after(when);
    if (!next) return;
    if (*next <= when) std::abort();
    if (schedule.last_until(*next) != next) std::abort();
    when = *next;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hikae;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const policy::TimeZone zone = policy::TimeZone::named("America/New_York");
  std::optional<policy::Schedule> schedule;
  try {
    schedule = policy::parse_schedule(text, zone);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) std::abort();
    render(error, Language::ja);
    return 0;
  }
  // The night in which the clocks go back, and an ordinary one.
  check(*schedule, Instant(std::chrono::seconds(1'793'510'000)));
  check(*schedule, Instant(std::chrono::seconds(1'800'000'000)));
  return 0;
}
