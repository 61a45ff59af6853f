// SPDX-License-Identifier: Apache-2.0
// When jobs are due. Pure: an instant goes in, an instant comes out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "policy/time_zone.h"

namespace hikae::policy {

class Recurrence;  // calendar.h

// A parsed schedule; a value, cheap to copy, thread-safe. A wall time that a change of the clocks
// skips is due at the first instant after the gap (several of them at one instant); a wall time
// that comes twice is due the first time only.
class Schedule {
 public:
  Schedule(std::string text, TimeZone zone, std::shared_ptr<const Recurrence> recurrence);

  // The first due instant later than `after`; nullopt when there is none any more (before 2200).
  std::optional<Instant> next_after(Instant after) const;
  // The last due instant that is not later than `when`; nullopt when there is none since 1970.
  std::optional<Instant> last_until(Instant when) const;

  // As it was written.
  const std::string& text() const { return text_; }
  // The zone that it is computed in: the one beside it, UTC for EventBridge forms, else the
  // policy's.
  const TimeZone& zone() const { return zone_; }

 private:
  Instant last_between(Instant found, Instant when) const;

  std::string text_;
  TimeZone zone_;
  std::shared_ptr<const Recurrence> recurrence_;
};

// Accepts, each with an optional IANA zone behind it ("daily 02:00 Asia/Tokyo"):
//   hourly [:MM]   daily [HH:MM]   weekly [Sun] [HH:MM]   monthly [D | last | first Sun | last Fri]
//   [HH:MM]   yearly [MM-DD] [HH:MM]
//     HH:MM[:SS], several with commas. Without: minute 0, 02:00, Sunday 04:00, the first Sunday
//     10:00, 1 April 09:00; with a day but without a time, the same hour.
//   cron:        "0 2 * * 1-5", names, lists, ranges, steps; day of month OR day of week when both
//                are restricted; @hourly @daily @midnight @weekly @monthly @yearly @annually
//   OnCalendar:  systemd.time(7), "Mon..Fri *-*-* 02:00:00", with "~" and "/"; also minutely,
//                quarterly, semiannually
//   EventBridge: "cron(0 2 * * ? *)" with ? L W #, "rate(1 day)"; in UTC unless a zone stands
//   behind.
//                rate() counts from 1970-01-01 00:00, days from midnight of the zone.
// `zone` is the policy's. Throws Error{invalid_argument} that names the place in the text.
Schedule parse_schedule(std::string_view text, const TimeZone& zone);

// What a trigger at `now` finds due.
struct DueSlots {
  // The one slot to run: the newest due instant. Absent when nothing is due.
  std::optional<Instant> due;
  // Older slots that this run also stands for, oldest first; at most kMaximumListed of them.
  std::vector<Instant> coalesced;
  // Slots that are older than catch_up and are given up, oldest first; at most kMaximumListed.
  std::vector<Instant> missed;
  static constexpr std::size_t kMaximumListed = 1000;
};

// Slots later than `last_done` (the scheduled instant of the last slot that was run or given up)
// and not earlier than `installed_at`, until `now`. All of them coalesce into the newest. A slot
// that is more than `catch_up` ago is missed; nullopt: never. Of a long row only the newest
// kMaximumListed are listed.
DueSlots due_slots(const Schedule& schedule,
                   std::optional<Instant> last_done,
                   Instant installed_at,
                   Instant now,
                   std::optional<std::chrono::seconds> catch_up);

}  // namespace hikae::policy
