// SPDX-License-Identifier: Apache-2.0
#include "policy/convert_schedule.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace hikae::policy {
namespace {

Schedule in_berlin(const std::string& text) {
  return parse_schedule(text, TimeZone::named("Europe/Berlin"));
}

std::string convert(const std::string& text, ScheduleForm form) {
  return convert_schedule(in_berlin(text), form);
}

std::string refusal(const std::string& text, ScheduleForm form) {
  try {
    return "converted to " + convert(text, form);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_TRUE(error.hint().has_value());
    return error.message().key;
  }
}

struct Same {
  const char* words;
  const char* cron;
  const char* oncalendar;
  const char* eventbridge;
};

class ConvertedSchedule : public ::testing::TestWithParam<Same> {};

// From each form to each other; what is read back is the same again.
TEST_P(ConvertedSchedule, IsTheSameInEachForm) {
  const Same& same = GetParam();
  const std::string with_zone = std::string(same.eventbridge) + " Europe/Berlin";
  for (const std::string text : {same.words, same.cron, same.oncalendar, with_zone.c_str()}) {
    EXPECT_EQ(convert(text, ScheduleForm::words), same.words) << text;
    EXPECT_EQ(convert(text, ScheduleForm::cron), same.cron) << text;
    EXPECT_EQ(convert(text, ScheduleForm::oncalendar), same.oncalendar) << text;
    EXPECT_EQ(convert(text, ScheduleForm::eventbridge), same.eventbridge) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    ConvertedSchedule,
    ::testing::Values(
        Same{"daily 02:00", "0 2 * * *", "*-*-* 02:00:00", "cron(0 2 * * ? *)"},
        Same{"weekly Sun 04:00", "0 4 * * 0", "Sun *-*-* 04:00:00", "cron(0 4 ? * 1 *)"},
        Same{"monthly 13 23:30", "30 23 13 * *", "*-*-13 23:30:00", "cron(30 23 13 * ? *)"},
        Same{"yearly 04-01 09:00", "0 9 1 4 *", "*-4-1 09:00:00", "cron(0 9 1 4 ? *)"}));

TEST(ConvertSchedule, SaysDaysThatCronDoesNotKnowElsewhere) {
  EXPECT_EQ(convert("monthly first Sun 02:00", ScheduleForm::eventbridge), "cron(0 2 ? * 1#1 *)");
  EXPECT_EQ(convert("monthly last Fri 23:15", ScheduleForm::oncalendar), "Fri *-*~07/1 23:15:00");
  EXPECT_EQ(convert("monthly last 10:00", ScheduleForm::eventbridge), "cron(0 10 L * ? *)");
  EXPECT_EQ(convert("15 * * * *", ScheduleForm::words), "hourly :15");
  EXPECT_EQ(convert("*/15 8-17 * * 1-5", ScheduleForm::eventbridge),
            "cron(*/15 8,9,10,11,12,13,14,15,16,17 ? * 2,3,4,5,6 *)");
}

TEST(ConvertSchedule, EachSaysItselfInItsOwnForm) {
  for (const char* text : {"0 0 13 * 5", "*/7 * 1,15 * 1-5"})
    EXPECT_EQ(convert(text, ScheduleForm::cron), text);
  EXPECT_EQ(convert("cron(0 8 3W * ? 2027)", ScheduleForm::eventbridge), "cron(0 8 3W * ? 2027)");
}

TEST(ConvertSchedule, RefusesWhatWouldNotBeExact) {
  EXPECT_EQ(refusal("monthly last", ScheduleForm::cron), "schedule.convert_cron_days");
  EXPECT_EQ(refusal("daily 02:00,14:30", ScheduleForm::cron), "schedule.convert_cron_times");
  EXPECT_EQ(refusal("0 2 * * 1-5", ScheduleForm::words), "schedule.convert_words_days");
  EXPECT_EQ(refusal("*/5 * * * *", ScheduleForm::words), "schedule.convert_words_times");
  // Day of month OR day of week; a single moment; seconds.
  EXPECT_EQ(refusal("0 0 13 * 5", ScheduleForm::eventbridge), "schedule.convert_no_pattern");
  EXPECT_EQ(refusal("2026-11-23 02:00", ScheduleForm::cron), "schedule.convert_no_pattern");
  EXPECT_EQ(refusal("*:*:30", ScheduleForm::cron), "schedule.convert_seconds");
}

// Intervals count on through a change of the clocks, a wall clock does not.
TEST(ConvertSchedule, AnIntervalOfADayIsNoTimeOfTheDayWhereClocksChange) {
  EXPECT_EQ(refusal("rate(5 hours)", ScheduleForm::cron), "schedule.convert_no_pattern");
}

}  // namespace
}  // namespace hikae::policy
