// SPDX-License-Identifier: Apache-2.0
#include "health/doctor.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/init.h"
#include "support/service_environment.h"

namespace hikae {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using survey::Severity;

TEST(JudgeFile, PolicyAndSecretsBelongToRootAlone) {
  const auto severity = [](unsigned mode, unsigned owner, FileUse use) {
    return judge_file({"/etc/hikae/x", true, mode, owner}, use, 0).severity;
  };
  EXPECT_EQ(severity(0600, 0, FileUse::secret), Severity::ok);
  EXPECT_EQ(severity(0400, 0, FileUse::policy), Severity::ok);
  EXPECT_EQ(severity(0644, 0, FileUse::secret), Severity::error);
  EXPECT_EQ(severity(0640, 0, FileUse::secret), Severity::error);
  EXPECT_EQ(severity(0644, 0, FileUse::policy), Severity::warning);
  EXPECT_EQ(severity(0660, 0, FileUse::policy), Severity::error);
  EXPECT_EQ(severity(0600, 1000, FileUse::policy), Severity::error);
  const auto missing = judge_file({"/etc/hikae/x", false, 0, 0}, FileUse::secret, 0);
  EXPECT_EQ(missing.severity, Severity::error);
  EXPECT_TRUE(missing.fix);
}

TEST(JudgeFile, WhoeverRunsTheProgramMayOwnThem) {
  EXPECT_EQ(judge_file({"p", true, 0600, 1000}, FileUse::secret, 1000).severity, Severity::ok);
}

TEST(JudgeSpace, TheFirstGenerationAndTheFurtherOnesMustFit) {
  const auto severity = [](std::uint64_t free_bytes, int generations, bool has_snapshots) {
    return judge_space({"nas", {free_bytes, 10'000}, 5000, generations, has_snapshots, 500})
        .severity;
  };
  EXPECT_EQ(severity(5600, 7, false), Severity::ok);  // 5000 + 6 * 100
  EXPECT_EQ(severity(5599, 7, false), Severity::warning);
  EXPECT_EQ(severity(600, 7, true), Severity::ok);
  EXPECT_EQ(severity(599, 7, true), Severity::warning);
  EXPECT_EQ(severity(499, 1, true), Severity::warning);  // nearly full
}

TEST(JudgeSpace, WithoutALimitTheNextGenerationMustFit) {
  const auto judged = [](std::uint64_t free_bytes, bool has_snapshots) {
    return judge_space({"nas", {free_bytes, 10'000}, 5000, 0, has_snapshots, 50});
  };
  EXPECT_EQ(judged(5000, false).severity, Severity::ok);
  EXPECT_EQ(judged(4999, false).severity, Severity::warning);
  EXPECT_EQ(judged(100, true).severity, Severity::ok);
  EXPECT_EQ(judged(99, true).severity, Severity::warning);
  const std::string what = render(judged(100, true).what, Language::en);
  EXPECT_NE(what.find("next generation will need about 100 B"), std::string::npos) << what;
}

TEST(JudgeClock, SmallDifferencesAreNone) {
  EXPECT_EQ(judge_clock("nas", seconds(-5)).severity, Severity::ok);
  EXPECT_EQ(judge_clock("nas", minutes(-3)).severity, Severity::warning);
  EXPECT_EQ(judge_clock("nas", minutes(45)).severity, Severity::error);
}

TEST(Examine, EveryFindingThatIsNotInOrderHasAFix) {
  hikae::testing::ServiceMachine machine;
  const policy::Policy policy = machine.policy({"nas"});
  const auto findings = examine(policy,
                                {machine.folder / "policy.yaml", machine.folder / "root"},
                                machine.environment(),
                                StopToken());
  EXPECT_EQ(survey::worst(findings), Severity::error);
  for (const survey::Finding& finding : findings)
    EXPECT_EQ(finding.severity != Severity::ok, finding.fix.has_value()) << finding.what.key;
}

TEST(Examine, AStoreWhoseClockIsOffIsNoticed) {
  hikae::testing::ServiceMachine machine;
  std::filesystem::create_directories(machine.folder / "etc");
  hikae::testing::write_file(machine.folder / "work/a", "content");
  const policy::Policy policy = machine.policy({"nas"});
  init_policy(policy, machine.environment(), StopToken());
  // The machine's clock stands in November 2026; the folder's files bear the real time.
  std::vector<survey::Finding> findings;
  examine_destinations(policy, 7, machine.environment(), findings, StopToken());
  const auto clock =
      std::find_if(findings.begin(), findings.end(), [](const survey::Finding& finding) {
        return finding.area == "clock";
      });
  ASSERT_NE(clock, findings.end());
  EXPECT_EQ(clock->severity, Severity::error);
}

}  // namespace
}  // namespace hikae
