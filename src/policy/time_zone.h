// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace hikae::policy {

// A wall clock's reading, without saying where the wall stands.
using LocalTime = std::chrono::local_time<std::chrono::nanoseconds>;
using LocalDay = std::chrono::local_days;

// A zone of the IANA database of the system. A small value: cheap to copy, valid for the life of
// the program, thread-safe. Its rules reach to the end of 2037, where the system's files end.
class TimeZone {
 public:
  static TimeZone utc();
  // "Asia/Tokyo". Throws Error{invalid_argument} with the nearest names as hint.
  static TimeZone named(std::string_view name);
  static bool exists(std::string_view name);

  std::string name() const;
  LocalTime to_local(Instant when) const;
  // What is added to UTC at that instant.
  std::chrono::seconds offset_at(Instant when) const;

  // The instant at which the wall shows `local`. A time that a change of the clocks skips becomes
  // the first instant after the gap; of a time that comes twice the first one is meant.
  Instant to_instant(LocalTime local) const;

  // The same as `to_local`, but inside the second pass of a repeated stretch the wall time at which
  // this pass ends: the first reading that has not been there before.
  LocalTime to_fresh_local(Instant when) const;

  bool operator==(const TimeZone&) const = default;

 private:
  explicit TimeZone(const void* zone) : zone_(zone) {}
  const void* zone_;  // date::time_zone, owned by the library for ever
};

// "2026-11-23 02:00", and with seconds where they are not zero.
std::string format_local(LocalTime time);
// The wall time in a policy's zone, to the second: "2026-11-23 02:00:00"; UTC where `zone_name` is
// empty. What people read about a policy is in this form and zone. Throws as TimeZone::named().
std::string policy_time(std::string_view zone_name, Instant when);
// "2026-11-23".
std::string format_day(LocalDay day);

}  // namespace hikae::policy
