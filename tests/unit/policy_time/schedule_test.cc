// SPDX-License-Identifier: Apache-2.0
#include "policy/schedule.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/policy_time/times.h"

namespace hikae::policy {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::next_times;

TEST(ScheduleWords, DefaultsAreThoseOfTheManual) {
  // 2026-11-23 is a Monday.
  EXPECT_THAT(next_times("hourly", "2026-11-23 02:00", 2),
              ElementsAre("2026-11-23 03:00", "2026-11-23 04:00"));
  EXPECT_THAT(next_times("daily", "2026-11-23 02:00", 1), ElementsAre("2026-11-24 02:00"));
  EXPECT_THAT(next_times("weekly", "2026-11-23 02:00", 2),
              ElementsAre("2026-11-29 04:00", "2026-12-06 04:00"));
  EXPECT_THAT(next_times("monthly", "2026-11-23 02:00", 3),
              ElementsAre("2026-12-06 10:00", "2027-01-03 10:00", "2027-02-07 10:00"));
  EXPECT_THAT(next_times("yearly", "2026-11-23 02:00", 2),
              ElementsAre("2027-04-01 09:00", "2028-04-01 09:00"));
}

TEST(ScheduleWords, TakeDaysAndTimes) {
  EXPECT_THAT(next_times("hourly :15", "2026-11-23 02:00", 2),
              ElementsAre("2026-11-23 02:15", "2026-11-23 03:15"));
  EXPECT_THAT(next_times("daily 14:30,02:00:05", "2026-11-23 00:00", 3),
              ElementsAre("2026-11-23 02:00:05", "2026-11-23 14:30", "2026-11-24 02:00:05"));
  EXPECT_THAT(next_times("Daily 02:00", "2026-11-23 02:00", 1), ElementsAre("2026-11-24 02:00"));
  EXPECT_THAT(next_times("weekly Wed,Friday 05:00", "2026-11-23 00:00", 3),
              ElementsAre("2026-11-25 05:00", "2026-11-27 05:00", "2026-12-02 05:00"));
  EXPECT_THAT(next_times("weekly 05:00", "2026-11-23 00:00", 1), ElementsAre("2026-11-29 05:00"));
  EXPECT_THAT(next_times("monthly 15", "2026-11-23 00:00", 1), ElementsAre("2026-12-15 10:00"));
  EXPECT_THAT(next_times("monthly last 23:00", "2027-01-31 23:00", 2),
              ElementsAre("2027-02-28 23:00", "2027-03-31 23:00"));
  EXPECT_THAT(next_times("monthly last Fri", "2026-11-23 00:00", 2),
              ElementsAre("2026-11-27 10:00", "2026-12-25 10:00"));
  EXPECT_THAT(next_times("monthly second tue 01:00", "2026-11-23 00:00", 1),
              ElementsAre("2026-12-08 01:00"));
  EXPECT_THAT(next_times("monthly 01:30", "2026-11-23 00:00", 1), ElementsAre("2026-12-06 01:30"));
  EXPECT_THAT(next_times("yearly 03-31 12:00", "2026-11-23 00:00", 1),
              ElementsAre("2027-03-31 12:00"));
}

TEST(Cron, FieldsListsRangesStepsAndNames) {
  EXPECT_THAT(next_times("0 2 * * *", "2026-11-23 02:00", 2),
              ElementsAre("2026-11-24 02:00", "2026-11-25 02:00"));
  EXPECT_THAT(next_times("*/20 8-10/2 * * *", "2026-11-23 08:30", 3),
              ElementsAre("2026-11-23 08:40", "2026-11-23 10:00", "2026-11-23 10:20"));
  EXPECT_THAT(next_times("5,3 0 1 jan,JUL *", "2026-11-23 00:00", 3),
              ElementsAre("2027-01-01 00:03", "2027-01-01 00:05", "2027-07-01 00:03"));
  EXPECT_THAT(next_times("0 0 * * mon-wed", "2026-11-23 00:00", 3),
              ElementsAre("2026-11-24 00:00", "2026-11-25 00:00", "2026-11-30 00:00"));
  for (const char* sundays : {"0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 0 * * 0-0"}) {
    EXPECT_THAT(next_times(sundays, "2026-11-23 00:00", 2),
                ElementsAre("2026-11-29 00:00", "2026-12-06 00:00"))
        << sundays;
  }
  for (const char* weekends : {"0 0 * * 6,0", "0 0 * * 6-7", "0 0 * * sat-sun"}) {
    EXPECT_THAT(next_times(weekends, "2026-11-23 00:00", 3),
                ElementsAre("2026-11-28 00:00", "2026-11-29 00:00", "2026-12-05 00:00"))
        << weekends;
  }
  EXPECT_THAT(next_times("0 0 29 2 *", "2026-11-23 00:00", 2),
              ElementsAre("2028-02-29 00:00", "2032-02-29 00:00"));
}

TEST(Cron, OneOfTwoRestrictedDayFieldsIsEnough) {
  // crontab(5): the 1st and 15th, and each Friday besides.
  EXPECT_THAT(
      next_times("30 4 1,15 * 5", "2026-11-28 00:00", 4),
      ElementsAre("2026-12-01 04:30", "2026-12-04 04:30", "2026-12-11 04:30", "2026-12-15 04:30"));
  // A field that begins with "*" does not restrict in that sense: both must hold.
  EXPECT_THAT(next_times("0 0 */10 * 5", "2026-11-23 00:00", 2),
              ElementsAre("2026-12-11 00:00", "2027-01-01 00:00"));
}

TEST(Cron, Macros) {
  EXPECT_THAT(next_times("@daily", "2026-11-23 00:00", 1), ElementsAre("2026-11-24 00:00"));
  EXPECT_THAT(next_times("@Midnight", "2026-11-23 00:00", 1), ElementsAre("2026-11-24 00:00"));
  EXPECT_THAT(next_times("@hourly", "2026-11-23 00:00", 1), ElementsAre("2026-11-23 01:00"));
  EXPECT_THAT(next_times("@weekly", "2026-11-23 00:00", 1), ElementsAre("2026-11-29 00:00"));
  EXPECT_THAT(next_times("@monthly", "2026-11-23 00:00", 1), ElementsAre("2026-12-01 00:00"));
  EXPECT_THAT(next_times("@yearly", "2026-11-23 00:00", 1), ElementsAre("2027-01-01 00:00"));
}

TEST(EventBridge, CronForms) {
  EXPECT_THAT(next_times("cron(0 2 * * ? *)", "2026-11-23 02:00", 1),
              ElementsAre("2026-11-24 02:00"));
  EXPECT_THAT(next_times("cron(0/15 8-9 ? * MON-FRI *)", "2026-11-27 09:40", 2),
              ElementsAre("2026-11-27 09:45", "2026-11-30 08:00"));
  EXPECT_THAT(next_times("cron(0 0 L * ? *)", "2027-02-01 00:00", 2),
              ElementsAre("2027-02-28 00:00", "2027-03-31 00:00"));
  EXPECT_THAT(next_times("cron(0 0 L-2 * ? *)", "2027-02-01 00:00", 1),
              ElementsAre("2027-02-26 00:00"));
  EXPECT_THAT(next_times("cron(0 0 ? * 6L *)", "2026-11-01 00:00", 2),
              ElementsAre("2026-11-27 00:00", "2026-12-25 00:00"));
  EXPECT_THAT(next_times("cron(0 0 ? * FRIL *)", "2026-11-01 00:00", 1),
              ElementsAre("2026-11-27 00:00"));
  EXPECT_THAT(next_times("cron(0 0 ? * 3#2 *)", "2026-11-01 00:00", 2),
              ElementsAre("2026-11-10 00:00", "2026-12-08 00:00"));
  EXPECT_THAT(next_times("cron(0 0 ? * 2#5 *)", "2026-11-01 00:00", 2),
              ElementsAre("2026-11-30 00:00", "2027-03-29 00:00"));
  EXPECT_THAT(next_times("cron(0 0 ? * 1 *)", "2026-11-23 00:00", 1),
              ElementsAre("2026-11-29 00:00"));
  EXPECT_THAT(next_times("cron(0 0 1 1 ? 2030-2031)", "2026-11-23 00:00", 9),
              ElementsAre("2030-01-01 00:00", "2031-01-01 00:00"));
}

TEST(EventBridge, NearestWorkingDayStaysInItsMonth) {
  // 2026-08-15 is a Saturday, 2026-11-15 a Sunday, 2026-08-01 a Saturday, 2027-01-31 a Sunday.
  EXPECT_THAT(next_times("cron(0 0 15W 8,11 ? 2026)", "2026-08-01 00:00", 2),
              ElementsAre("2026-08-14 00:00", "2026-11-16 00:00"));
  EXPECT_THAT(next_times("cron(0 0 1W 8 ? 2026)", "2026-07-01 00:00", 1),
              ElementsAre("2026-08-03 00:00"));
  EXPECT_THAT(next_times("cron(0 0 31W 1 ? 2027)", "2026-12-31 00:00", 1),
              ElementsAre("2027-01-29 00:00"));
  EXPECT_THAT(next_times("cron(0 0 LW * ? 2027)", "2026-12-31 00:00", 2),
              ElementsAre("2027-01-29 00:00", "2027-02-26 00:00"));
}

TEST(EventBridge, RunsInUtcUnlessAZoneStandsBeside) {
  const TimeZone tokyo = TimeZone::named("Asia/Tokyo");
  const Instant after = at("2026-11-23 00:00", tokyo);
  EXPECT_THAT(next_times(parse_schedule("cron(0 2 * * ? *)", tokyo), after, 1, tokyo),
              ElementsAre("2026-11-23 11:00"));
  EXPECT_THAT(next_times(parse_schedule("cron(0 2 * * ? *) Asia/Tokyo", tokyo), after, 1, tokyo),
              ElementsAre("2026-11-23 02:00"));
  EXPECT_THAT(next_times(parse_schedule("rate(1 day)", tokyo), after, 1, tokyo),
              ElementsAre("2026-11-23 09:00"));
  EXPECT_EQ(parse_schedule("rate(1 day)", tokyo).zone().name(), TimeZone::utc().name());
}

TEST(EventBridge, RatesCountFromTheEpoch) {
  EXPECT_THAT(next_times("rate(5 minutes)", "2026-11-23 00:01", 2),
              ElementsAre("2026-11-23 00:05", "2026-11-23 00:10"));
  EXPECT_THAT(next_times("rate(1 hour)", "2026-11-23 00:00", 1), ElementsAre("2026-11-23 01:00"));
  // Day 20780 after 1970-01-01 is 2026-11-23.
  EXPECT_THAT(next_times("rate(10 days)", "2026-11-22 12:00", 2),
              ElementsAre("2026-11-23 00:00", "2026-12-03 00:00"));
  EXPECT_THAT(next_times("rate(7 hours)", "1969-12-31 22:00", 2),
              ElementsAre("1970-01-01 00:00", "1970-01-01 07:00"));
}

TEST(Zones, MayStandBehindEachForm) {
  const TimeZone utc = TimeZone::utc();
  for (const char* form : {"daily 02:00 Asia/Tokyo",
                           "0 2 * * * Asia/Tokyo",
                           "*-*-* 02:00 Asia/Tokyo",
                           "cron(0 2 * * ? *) Asia/Tokyo"}) {
    EXPECT_THAT(next_times(parse_schedule(form, utc), at("2026-11-23 00:00"), 1, utc),
                ElementsAre("2026-11-23 17:00"))
        << form;
  }
  const TimeZone tokyo = TimeZone::named("Asia/Tokyo");
  EXPECT_THAT(next_times(parse_schedule("02:00 utc", tokyo), at("2026-11-23 00:00"), 1, utc),
              ElementsAre("2026-11-23 02:00"));
}

TEST(Zones, TheOldestScheduleEnds) {
  EXPECT_THAT(next_times("2199-12-31 23:59", "2199-12-31 23:58", 9),
              ElementsAre("2199-12-31 23:59"));
  EXPECT_THAT(next_times("*-02-30", "2026-11-23 00:00", 1), IsEmpty());
  EXPECT_FALSE(parse_schedule("*-02-30", TimeZone::utc()).last_until(at("2026-11-23 00:00")));
}

// New York skips 02:00 to 03:00 on 2026-03-08 and repeats 01:00 to 02:00 on 2026-11-01.
TEST(ClockChanges, SkippedTimeRunsAtTheFirstInstantAfterTheGap) {
  const TimeZone zone = TimeZone::named("America/New_York");
  const auto schedule = parse_schedule("daily 02:30", zone);
  EXPECT_THAT(next_times(schedule, at("2026-03-07 00:00", zone), 3, zone),
              ElementsAre("2026-03-07 02:30", "2026-03-08 03:00", "2026-03-09 02:30"));
}

TEST(ClockChanges, SeveralSkippedTimesRunOnce) {
  const TimeZone zone = TimeZone::named("America/New_York");
  const auto schedule = parse_schedule("*/15 * * * *", zone);
  EXPECT_THAT(next_times(schedule, at("2026-03-08 01:44", zone), 3, zone),
              ElementsAre("2026-03-08 01:45", "2026-03-08 03:00", "2026-03-08 03:15"));
}

TEST(ClockChanges, RepeatedTimeRunsTheFirstTimeOnly) {
  const TimeZone zone = TimeZone::named("America/New_York");
  const auto schedule = parse_schedule("daily 01:30", zone);
  const auto first = schedule.next_after(at("2026-11-01 00:00", zone));
  ASSERT_TRUE(first);
  EXPECT_EQ(zone.offset_at(*first), std::chrono::hours(-4));
  EXPECT_THAT(next_times(schedule, *first, 1, zone), ElementsAre("2026-11-02 01:30"));
  // Asked in the middle of the second pass too.
  EXPECT_THAT(next_times(schedule, *first + std::chrono::minutes(45), 1, zone),
              ElementsAre("2026-11-02 01:30"));
  const auto each_second = parse_schedule("*:*:*", zone);
  EXPECT_THAT(next_times(each_second, at("2026-11-01 01:59:58", zone), 2, zone),
              ElementsAre("2026-11-01 01:59:59", "2026-11-01 02:00"));
}

TEST(ClockChanges, RatesDoNotCare) {
  const TimeZone zone = TimeZone::named("America/New_York");
  const auto schedule = parse_schedule("rate(1 hour)", zone);
  Instant when = at("2026-10-31 12:00", zone);
  for (int i = 0; i < 48; ++i) {
    const auto next = schedule.next_after(when);
    ASSERT_TRUE(next);
    EXPECT_EQ(*next - when, std::chrono::hours(1));
    when = *next;
  }
}

TEST(LastUntil, IsTheInverseOfNextAfter) {
  const TimeZone zone = TimeZone::named("Europe/Berlin");
  for (const char* form : {"daily 02:30", "*:*:*", "monthly", "yearly", "*-02-29 12:00"}) {
    const auto schedule = parse_schedule(form, zone);
    Instant when = at("2026-03-27 12:00", zone);
    for (int i = 0; i < 40; ++i) {
      const auto next = schedule.next_after(when);
      ASSERT_TRUE(next) << form;
      EXPECT_EQ(schedule.last_until(*next), next) << form;
      const auto before = schedule.last_until(*next - std::chrono::nanoseconds(1));
      ASSERT_TRUE(before) << form;
      EXPECT_LE(*before, when) << form;
      EXPECT_EQ(schedule.next_after(*before), next) << form;
      when = *next;
    }
  }
}

TEST(LastUntil, CopesWithDenseSchedules) {
  const auto schedule = parse_schedule("Mon *:*:0/0.000001", TimeZone::utc());
  const auto last = schedule.last_until(at("2026-11-24 12:00"));
  EXPECT_EQ(last, at("2026-11-24 00:00") - std::chrono::microseconds(1));
}

TEST(Texts, AreKeptAsWritten) {
  EXPECT_EQ(parse_schedule("  Daily 02:00 ", TimeZone::utc()).text(), "Daily 02:00");
}

}  // namespace
}  // namespace hikae::policy
