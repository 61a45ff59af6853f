// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "policy/schedule.h"
#include "unit/policy_time/times.h"

namespace hikae::policy {
namespace {

using testing::at;

// Half and three quarter hours, both hemispheres, changes at midnight, negative daylight saving,
// several changes in a year, half-hour changes.
constexpr std::array<const char*, 12> kZones = {"UTC",
                                                "Asia/Tokyo",
                                                "Europe/Berlin",
                                                "Europe/Dublin",
                                                "America/New_York",
                                                "America/Santiago",
                                                "America/St_Johns",
                                                "Australia/Lord_Howe",
                                                "Africa/Casablanca",
                                                "Asia/Kathmandu",
                                                "Pacific/Chatham",
                                                "Asia/Beirut"};

class EachZone : public ::testing::TestWithParam<const char*> {
 protected:
  TimeZone zone_ = TimeZone::named(GetParam());
  Instant start_ = at("2012-01-01 00:00", zone_);
  Instant end_ = at("2032-01-01 00:00", zone_);
};
INSTANTIATE_TEST_SUITE_P(Zones, EachZone, ::testing::ValuesIn(kZones));

TEST_P(EachZone, DailyRunsExactlyOncePerLocalDay) {
  for (const char* time : {"00:00", "00:30", "01:59", "02:00", "02:30", "03:00", "23:30"}) {
    const Schedule schedule = parse_schedule(std::string("daily ") + time, zone_);
    LocalDay day(std::chrono::year(2012) / 1 / 1);
    Instant when = start_ - std::chrono::nanoseconds(1);
    int shifted = 0;
    for (; when < end_; day += std::chrono::days(1)) {
      const auto next = schedule.next_after(when);
      ASSERT_TRUE(next);
      ASSERT_GT(*next, when);
      const LocalTime local = zone_.to_local(*next);
      ASSERT_EQ(std::chrono::floor<std::chrono::days>(local), day)
          << time << " " << format_local(local);
      // Either at the time itself, for the first time on that day, or right after a gap.
      if (format_local(local).substr(11) != time) {
        ASSERT_NE(zone_.offset_at(*next), zone_.offset_at(*next - std::chrono::seconds(1)))
            << format_local(local);
        ++shifted;
      } else {
        ASSERT_EQ(zone_.to_instant(local), *next);
      }
      when = *next;
    }
    EXPECT_LE(shifted, 45) << time;
  }
}

TEST_P(EachZone, EachFormIsStrictlyIncreasingAndMissesNothing) {
  for (const char* form : {"*/7 * * * *",
                           "hourly",
                           "weekly",
                           "monthly last 02:30",
                           "*:0/20:10",
                           "cron(30 1,2 ? * 1L *)",
                           "Sun 00:00,30",
                           "rate(11 hours)"}) {
    const Schedule schedule = parse_schedule(form, zone_);
    Instant when = at("2018-01-01 00:00", zone_);
    const Instant end = at("2019-03-01 00:00", zone_);
    // Asking again from anywhere between two due times must give the same next one.
    while (when < end) {
      const auto next = schedule.next_after(when);
      ASSERT_TRUE(next) << form;
      ASSERT_GT(*next, when) << form;
      const Instant middle = when + (*next - when) / 2;
      ASSERT_EQ(schedule.next_after(middle), next) << form;
      ASSERT_EQ(schedule.next_after(*next - std::chrono::nanoseconds(1)), next) << form;
      when = *next;
    }
  }
}

TEST_P(EachZone, WallTimesComeBack) {
  for (Instant when = start_; when < end_; when += std::chrono::minutes(7 * 61)) {
    const LocalTime local = zone_.to_local(when);
    const Instant back = zone_.to_instant(local);
    // Inside a second pass the first pass comes back; everywhere else the instant itself.
    ASSERT_LE(back, when);
    ASSERT_EQ(zone_.to_local(back), local);
    ASSERT_EQ(back == when, zone_.to_fresh_local(when) == local);
  }
}

}  // namespace
}  // namespace hikae::policy
