// SPDX-License-Identifier: Apache-2.0
// The same expressions, computed by `systemd-analyze calendar` (Debian package systemd).
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "policy/schedule.h"
#include "unit/policy_time/times.h"

namespace hikae::policy {
namespace {

using testing::at;
using testing::next_times;

constexpr int kIterations = 6;

struct Output {
  std::string text;
  int status = 0;
};

Output run(const std::string& command) {
  Output output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {"", -1};
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.text.append(buffer.data(), n);
  }
  output.status = pclose(pipe);
  return output;
}

// nullopt when systemd refuses the expression.
std::optional<std::vector<std::string>> systemd_times(const std::string& expression,
                                                      const std::string& base) {
  const Output output =
      run("TZ=UTC LC_ALL=C systemd-analyze calendar --iterations=" + std::to_string(kIterations) +
          " --base-time='" + base + " UTC' -- '" + expression + "' 2>/dev/null");
  if (output.status != 0) return std::nullopt;
  std::vector<std::string> times;
  std::size_t start = 0;
  while (start < output.text.size()) {
    const std::size_t end = output.text.find('\n', start);
    const std::string line = output.text.substr(start, end - start);
    start = end == std::string::npos ? output.text.size() : end + 1;
    const bool is_time = line.find("Next elapse:") != std::string::npos ||
                         line.find("Iter") != std::string::npos ||
                         line.find("Iteration") != std::string::npos;
    // "    Next elapse: Wed 2024-01-10 00:05:00 UTC"
    const std::size_t colon = line.find(": ");
    if (!is_time || colon == std::string::npos || line.size() < colon + 25) continue;
    std::string time = line.substr(colon + 6, 19);
    if (time.ends_with(":00")) time.resize(16);
    times.push_back(time);
  }
  return times;
}

std::vector<std::string> our_times(const std::string& expression, const std::string& base) {
  const TimeZone utc = TimeZone::utc();
  const Schedule schedule = parse_schedule(expression, utc);
  std::vector<std::string> times;
  // systemd prints whole seconds.
  auto next = schedule.next_after(at(base));
  for (int i = 0; next && i < kIterations; ++i) {
    times.push_back(format_local(utc.to_local(*next)));
    next = schedule.next_after(*next);
  }
  return times;
}

// The rules of daylight saving that this program sees end with 2037.
std::vector<std::string> before_2038(std::vector<std::string> times) {
  const auto late = [](const std::string& time) { return time >= "2038"; };
  times.erase(std::find_if(times.begin(), times.end(), late), times.end());
  return times;
}

class SystemdComparison : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run("systemd-analyze --version 2>/dev/null").status, 0)
        << "systemd-analyze is missing; install the package systemd";
  }

  void compare(const std::string& expression, const std::string& base = "2024-01-10 00:00:00") {
    SCOPED_TRACE("OnCalendar=" + expression + " from " + base);
    const auto theirs = systemd_times(expression, base);
    try {
      const auto ours = our_times(expression, base);
      ASSERT_TRUE(theirs) << "systemd refuses it";
      EXPECT_EQ(before_2038(ours), before_2038(*theirs));
    } catch (const Error& error) {
      EXPECT_FALSE(theirs) << error.what();
    }
  }
};

TEST_F(SystemdComparison, FormsOfTheManual) {
  for (const char* expression : {
           "Sat,Thu,Mon..Wed,Sat..Sun",
           "Mon,Sun 12-*-* 2,1:23",
           "Wed *-1",
           "Wed..Wed,Wed *-1",
           "Wed-Wed,Wed *-1",
           "Wed, 17:48",
           "Wed..Sat,Tue 12-10-15 1:2:3",
           "*-*-7 0:0:0",
           "10-15",
           "monday *-12-* 17:00",
           "Mon,Fri *-*-3,1,2 *:30:45",
           "12,14,13,12:20,10,30",
           "12..14:10,20,30",
           "mon,fri *-1/2-1,3 *:30:45",
           "03-05 08:05:40",
           "08:05:40",
           "05:40",
           "Sat,Sun 12-05 08:05:40",
           "Sat,Sun 08:05:40",
           "2003-03-05 05:40",
           "05:40:23.4200004/3.1700005",
           "*:*:1.1234567",
           "2003-02..04-05",
           "2003-03-05 05:40 UTC",
           "2003-03-05",
           "03-05",
           "*:2/3",
           "Mon *-05~07/1",
           "*-02~01",
           "*-*~01..07",
           "*-*~01..07/2",
           "*-*~02..08/3",
           "*-*~28/9",
           "*-*~05,10",
           "02~28",
           "*~1",
           "2025/2-01-01",
           "24..30-02-29",
           "70-1-1",
           "*:*:0/15",
           "1/5,3:00",
           "minutely",
           "quarterly",
           "semiannually",
           "biannually",
           "@1800000000",
           "Mon",
           "Monday..Friday 10:00",
           "*-*-*",
           "*:*",
       }) {
    compare(expression);
  }
}

TEST_F(SystemdComparison, WhatSystemdRefuses) {
  for (const char* expression : {"*:*/5",
                                 "*-*-*/2",
                                 "Fri..Mon",
                                 "*-*~29",
                                 "*-*~07..01",
                                 "24:00",
                                 "00:00:60",
                                 "*-13-01",
                                 "*-*-32",
                                 "*-*-00",
                                 "3..1:00",
                                 "*,5:00",
                                 "10:",
                                 ":30",
                                 "Mond 10:00",
                                 "1969-01-01",
                                 "2200-01-01",
                                 "100-1-1",
                                 "+5:00",
                                 "10/0:00",
                                 "5/19:00",
                                 "*-*-28/4",
                                 "*-*~6/6",
                                 "*-*~2/27",
                                 "*:0/1.5",
                                 "*-*-01~05",
                                 "Mon...Tue",
                                 "Mon ,Tue",
                                 "Mon..,Tue",
                                 "*-*-1..40",
                                 "Wed,17:48",
                                 "*:*:59.9999999",
                                 "10",
                                 "UTC",
                                 "Asia/Nowhere",
                                 "10:00 Asia/Nowhere",
                                 "Mon,*-*-*",
                                 "~",
                                 "-",
                                 "*",
                                 "*-",
                                 "*:*:*:*",
                                 "*-*-*-*",
                                 "1-1-1 1"}) {
    compare(expression);
  }
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  // Of a step without an end systemd 252 misses the first value after the end of a month ("6/15:00"
  // runs at 21:00 only on the first), and it does not take equal ends of seconds: such are left
  // out.
  std::string element(int least, int most) {
    const int start = least + below(most - least + 1);
    std::string text = std::to_string(start);
    if (below(3) != 0 || start == most) return text;
    const int stop = start + 1 + below(most - start);
    text += ".." + std::to_string(stop);
    if (below(2) == 0) text += "/" + std::to_string(1 + below(stop - start));
    return text;
  }

  std::string chain(int least, int most, int odds_of_star) {
    if (below(100) < odds_of_star) return "*";
    std::string text = element(least, most);
    while (below(3) == 0) text += "," + element(least, most);
    return text;
  }

  std::string weekdays() {
    constexpr std::array<const char*, 7> kNames = {
        "Mon", "tue", "Wednesday", "Thu", "Fri", "saturday", "Sun"};
    const int first = below(7);
    std::string text = kNames[static_cast<std::size_t>(first)];
    if (below(2) == 0)
      text += std::string("..") + kNames[static_cast<std::size_t>(first + below(7 - first))];
    if (below(3) == 0) text += std::string(",") + kNames[static_cast<std::size_t>(below(7))];
    return text + " ";
  }

  std::string expression(int first_hour) {
    std::string text = below(4) == 0 ? weekdays() : "";
    if (below(4) != 0) {
      if (below(3) == 0) text += chain(2024, 2040, 60) + "-";
      text += chain(1, 12, 60);
      // Behind each comma systemd narrows the bounds by three days; stay below.
      text += below(4) == 0 ? "~" + chain(1, 13, 20) : "-" + chain(1, 31, 50);
      text += " ";
    }
    text += chain(first_hour, 23, first_hour == 0 ? 30 : 0) + ":" + chain(0, 59, 20);
    if (below(2) == 0) text += ":" + chain(0, 59, 20);
    return text;
  }

 private:
  std::mt19937 random_;
};

TEST_F(SystemdComparison, GeneratedExpressions) {
  Generator generator(1);
  for (int i = 0; i < 120 && !HasFailure(); ++i) {
    const std::string base = i % 2 == 0 ? "2024-02-27 23:59:30" : "2026-11-23 02:00:00";
    constexpr std::array<const char*, 3> kZones = {"", " Asia/Tokyo", " Asia/Kolkata"};
    compare(generator.expression(0) + kZones[static_cast<std::size_t>(i % 3)], base);
  }
}

// systemd drops times that the clocks skip, so only hours that no zone skips are compared.
TEST_F(SystemdComparison, GeneratedExpressionsInZonesWithDaylightSaving) {
  Generator generator(2);
  constexpr std::array<const char*, 4> kZones = {
      " Europe/Berlin", " America/New_York", " Australia/Lord_Howe", " America/Santiago"};
  for (int i = 0; i < 80 && !HasFailure(); ++i) {
    const std::string base = i % 2 == 0 ? "2026-03-06 12:00:00" : "2026-10-20 00:00:00";
    compare(generator.expression(4) + kZones[static_cast<std::size_t>(i % 4)], base);
  }
}

}  // namespace
}  // namespace hikae::policy
