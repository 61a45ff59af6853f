// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>

#include <gmock/gmock.h>

#include "concurrency/task_group.h"
#include "os/process.h"
#include "os/time_zone.h"
#include "os/users.h"

namespace hikae::os {
namespace {

TEST(Accounts, TranslatesBothWays) {
  Accounts accounts;
  EXPECT_EQ(accounts.user_name(0), "root");
  EXPECT_EQ(accounts.group_name(0), "root");
  EXPECT_EQ(accounts.user_id("root"), uid_t{0});
  EXPECT_EQ(accounts.group_id("root"), gid_t{0});
  EXPECT_EQ(accounts.user_name(0), "root") << "from the cache";
}

TEST(Accounts, UnknownNumbersHaveNoName) {
  Accounts accounts;
  constexpr uid_t kNobodysNumber = 3999999999;
  EXPECT_EQ(accounts.user_name(kNobodysNumber), "");
  EXPECT_EQ(accounts.group_name(kNobodysNumber), "");
  EXPECT_EQ(accounts.user_id("no such user"), std::nullopt);
  EXPECT_EQ(accounts.group_id("no such group"), std::nullopt);
}

TEST(Accounts, ServesManyThreads) {
  Accounts accounts;
  TaskGroup group{StopToken()};
  for (int i = 0; i < 4; ++i) {
    group.spawn("lookup", [&](const StopToken&) {
      for (uid_t id = 0; id < 200; ++id) accounts.user_name(id % 50);
    });
  }
  group.join();
  EXPECT_EQ(accounts.user_name(0), "root");
}

TEST(Host, HasAName) {
  std::array<char, 256> name{};
  ASSERT_EQ(gethostname(name.data(), name.size()), 0);
  EXPECT_EQ(hostname(), name.data());
  Accounts accounts;
  const std::string user = accounts.user_name(geteuid());
  EXPECT_EQ(current_user_name(), user.empty() ? std::to_string(geteuid()) : user);
}

TEST(Host, TellsBootAndNamespace) {
  EXPECT_EQ(boot_id().size(), 36U);
  EXPECT_EQ(boot_id(), boot_id());
  EXPECT_THAT(pid_namespace(), ::testing::StartsWith("pid:["));
}

TEST(ProcessExists, KnowsTheLivingFromTheDead) {
  EXPECT_TRUE(process_exists(getpid()));
  EXPECT_TRUE(process_exists(1));
  EXPECT_FALSE(process_exists(0));
  EXPECT_FALSE(process_exists(-1));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(process_exists(child)) << "a zombie has ended";
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(process_exists(child));
}

TEST(SameProcess, IsToldByWhenItBegan) {
  const std::string start = process_start(getpid());
  EXPECT_THAT(start, ::testing::MatchesRegex("time:\\[[0-9]+\\] [0-9]+"));
  EXPECT_EQ(start, process_start(getpid()));
  EXPECT_TRUE(is_same_process(getpid(), start));
  EXPECT_FALSE(is_same_process(getpid(), start + "0"));
  EXPECT_TRUE(is_same_process(getpid(), "")) << "unknown";
  EXPECT_TRUE(is_same_process(getpid(), "time:[1] 2")) << "by a clock that says nothing here";
  const pid_t child = fork();
  if (child == 0) _exit(0);
  const std::string of_child = process_start(child);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(process_start(child), "");
  EXPECT_FALSE(is_same_process(child, of_child));
}

class LocalOffsetsTest : public ::testing::TestWithParam<const char*> {
 protected:
  LocalOffsetsTest() { setenv("TZ", GetParam(), 1); }
  ~LocalOffsetsTest() override {
    unsetenv("TZ");
    tzset();
  }
};

std::int32_t expected_offset(std::int64_t seconds) {
  const time_t at = seconds;
  tm fields{};
  localtime_r(&at, &fields);
  return static_cast<std::int32_t>(fields.tm_gmtoff);
}

TEST_P(LocalOffsetsTest, EqualTheSystemsAtEachMoment) {
  const LocalOffsets offsets;
  // 1880 to 2100 in steps that fall into each part of a day, twice: the second time from the cache.
  for (int round = 0; round < 2; ++round) {
    for (std::int64_t at = -2840140800; at < 4102444800; at += 40009) {
      ASSERT_EQ(offsets.at(at), expected_offset(at)) << at;
    }
  }
}

TEST_P(LocalOffsetsTest, AreRightAroundTheEpochAndAtTheEdges) {
  const LocalOffsets offsets;
  for (const std::int64_t at : {std::int64_t{-1},
                                std::int64_t{0},
                                std::int64_t{-86400},
                                std::int64_t{-86401},
                                std::int64_t{253402300800},
                                -(std::int64_t{1} << 50),
                                std::int64_t{1} << 50}) {
    ASSERT_EQ(offsets.at(at), expected_offset(at)) << at;
  }
}

TEST_P(LocalOffsetsTest, ChangeAtTheVerySecond) {
  const LocalOffsets offsets;
  // Each hour of 2024 and the seconds beside it: every change of that year is among them.
  for (std::int64_t hour = 1704067200; hour < 1735689600; hour += 1800) {
    ASSERT_EQ(offsets.at(hour - 1), expected_offset(hour - 1)) << hour;
    ASSERT_EQ(offsets.at(hour), expected_offset(hour)) << hour;
  }
}

INSTANTIATE_TEST_SUITE_P(Zones,
                         LocalOffsetsTest,
                         ::testing::Values("UTC",
                                           "Asia/Tokyo",
                                           "Europe/Berlin",
                                           "America/New_York",
                                           "Australia/Lord_Howe",
                                           "Africa/Casablanca",
                                           "Pacific/Apia",
                                           "Asia/Kathmandu"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::erase_if(name, [](char c) { return c == '/' || c == '_'; });
                           return name;
                         });

}  // namespace
}  // namespace hikae::os
