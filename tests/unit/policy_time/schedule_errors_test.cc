// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "policy/retention.h"
#include "policy/schedule.h"

namespace hikae::policy {
namespace {

using ::testing::HasSubstr;

struct Case {
  std::string text;
  std::string message;  // part of the English message
  int position = 0;     // 0: none is named
};

class Refused : public ::testing::TestWithParam<Case> {};

TEST_P(Refused, NamesThePlace) {
  const Case& test = GetParam();
  try {
    parse_schedule(test.text, TimeZone::utc());
    FAIL() << "accepted: " << test.text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    const std::string message = render(error, Language::en);
    EXPECT_THAT(message, HasSubstr(test.message));
    EXPECT_EQ(message.find('{'), std::string::npos) << message;
    if (test.position != 0) {
      EXPECT_THAT(message, HasSubstr("character " + std::to_string(test.position)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Words,
    Refused,
    ::testing::Values(Case{"", "empty", 0},
                      Case{"   ", "empty", 0},
                      Case{"daily 25:00", "25 does not lie between 0 and 23", 7},
                      Case{"daily 2", "time such as", 8},
                      Case{"daily 02:60", "60 does not lie between 0 and 59", 10},
                      Case{"daily 02:00 x", "\"x\" is not expected", 13},
                      Case{"daily 02:00 Asia/Tokio", "Asia/Tokio", 13},
                      Case{"weekly Snu", "Snu", 8},
                      Case{"weekly Sun,", "", 12},
                      Case{"monthly 31", "Not every month", 9},
                      Case{"monthly fifth Sun", "fifth", 9},
                      Case{"yearly 02-29", "29 does not lie between 1 and 28", 11},
                      Case{"hourly 15", "minute", 8},
                      Case{"毎日 02:00", "", 1},
                      Case{std::string(2000, '1'), "longer", 0}));

INSTANTIATE_TEST_SUITE_P(
    Cron,
    Refused,
    ::testing::Values(Case{"60 2 * * *", "60 does not lie between 0 and 59", 1},
                      Case{"0 24 * * *", "24 does not lie", 3},
                      Case{"0 2 0 * *", "0 does not lie between 1 and 31", 5},
                      Case{"0 2 * foo *", "foo", 7},
                      Case{"0 2 * * 8", "8 does not lie", 9},
                      Case{"5/15 2 * * *", "step needs a range", 2},
                      Case{"30-10 2 * * *", "ends before it begins", 1},
                      Case{"*/0 2 * * *", "0 does not lie", 3},
                      Case{"0 2 * * ,", "number is expected", 9},
                      Case{"0 2 * * L", "\"L\"", 9},
                      Case{"0 2 * * ? *", "Six fields", 1},
                      Case{"@reboot", "names no time", 1},
                      Case{"@fortnightly", "@fortnightly", 1}));

INSTANTIATE_TEST_SUITE_P(
    EventBridge,
    Refused,
    ::testing::Values(Case{"cron(0 2 * * * *)", "Exactly one", 10},
                      Case{"cron(0 2 ? * ? *)", "Exactly one", 10},
                      Case{"cron(0 2 * * ?)", "number is expected", 15},
                      Case{"cron(0 2 * * ? *", "missing", 17},
                      Case{"cron(0 2 ? * 0 *)", "0 does not lie between 1 and 7", 14},
                      Case{"cron(0 2 ? * 2#6 *)", "6 does not lie between 1 and 5", 16},
                      Case{"cron(0 2 * * ? 1969)", "1969 does not lie", 16},
                      Case{"cron(0 2 * * ? * *)", "not expected", 18},
                      Case{"rate(0 days)", "0 does not lie", 6},
                      Case{"rate(1 week)", "week", 8},
                      Case{"rate(day)", "number is expected", 6}));

INSTANTIATE_TEST_SUITE_P(OnCalendar,
                         Refused,
                         ::testing::Values(Case{"*:*/5", "no \"*/\"", 4},
                                           Case{"Fri..Mon", "ends before it begins", 1},
                                           Case{"Mond 10:00", "Mond", 1},
                                           Case{"Mon, Wed 10:00", "number is expected", 6},
                                           Case{"*-13-01", "13 does not lie between 1 and 12", 3},
                                           Case{"*-*~29", "29 does not lie between 1 and 28", 5},
                                           Case{"2200-01-01", "2200 does not lie", 1},
                                           Case{"*-*-* 3..1:00", "ends before", 7},
                                           Case{"10/0:00", "step must be", 1},
                                           Case{"*-*~6/6", "never applies", 5},
                                           Case{"10", "date such as", 3},
                                           Case{"10:00:60", "60 does not lie between 0 and 59", 7},
                                           Case{"UTC", "UTC", 1},
                                           Case{"soon", "soon", 1}));

TEST(UnknownZone, SuggestsTheNearest) {
  try {
    TimeZone::named("asia/tokio");
    FAIL();
  } catch (const Error& error) {
    ASSERT_TRUE(error.hint());
    EXPECT_THAT(render(*error.hint(), Language::en), HasSubstr("Asia/Tokyo"));
  }
  EXPECT_FALSE(TimeZone::exists("../../etc/passwd"));
  EXPECT_FALSE(TimeZone::exists(""));
  EXPECT_TRUE(TimeZone::exists("Europe/Berlin"));
}

TEST(CalendarSpans, ParseAsResticDoes) {
  EXPECT_EQ(parse_calendar_span("1y5m7d2h"), (CalendarSpan{1, 5, 7, 2}));
  EXPECT_EQ(parse_calendar_span(" 3d1y "), (CalendarSpan{1, 0, 3, 0}));
  EXPECT_EQ(parse_calendar_span("-1m2h"), (CalendarSpan{0, -1, 0, 2}));
  EXPECT_EQ(parse_calendar_span(""), CalendarSpan{});
  EXPECT_EQ(to_string(CalendarSpan{1, 5, 7, 2}), "1y5m7d2h");
  for (const char* bad : {"1w", "d", "5", "1d2", "1d-", "99999999y", "1 d"}) {
    EXPECT_THROW(parse_calendar_span(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace hikae::policy
