// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "concurrency/task_group.h"
#include "os/process.h"
#include "service/run.h"
#include "support/policy_kit.h"

namespace hikae::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A policy whose hooks write into the file "said".
class HookKit {
 public:
  HookKit() { kit.init(); }

  // A command that writes which hook it is, with the verdict.
  std::string tell(const std::string& word) const {
    return "echo " + word + " $HIKAE_VERDICT >>" + (kit / "said");
  }
  // All four, for one place.
  policy::Hooks telling(const std::string& place) const {
    policy::Hooks hooks;
    hooks.before = {tell(place + "-before")};
    hooks.after = {tell(place + "-after")};
    hooks.on_error = {tell(place + "-error")};
    hooks.finally = {tell(place + "-finally")};
    return hooks;
  }
  std::vector<std::string> said() const {
    std::vector<std::string> lines;
    std::ifstream file(kit / "said");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  RunReport run(const policy::Policy& policy, const StopToken& stop = {}) {
    Environment environment = kit.environment();
    environment.policy_file = "/etc/hikae/policy.yaml";
    const auto journal = kit.journal();
    RunOptions options;
    options.lock_options.settle = std::chrono::milliseconds(1);
    return run_policy(policy, options, environment, *journal, {}, stop);
  }

  PolicyKit kit;
};

TEST(Hooks, RunInTheDocumentedOrder) {
  HookKit hooks;
  policy::Policy policy = hooks.kit.policy();
  policy.hooks = hooks.telling("policy");
  policy.sources[0].hooks = hooks.telling("source");
  policy.destinations[0].hooks = hooks.telling("nas");
  policy.destinations[1].hooks = hooks.telling("second");
  EXPECT_EQ(hooks.run(policy).verdict, Verdict::ok);
  EXPECT_THAT(hooks.said(),
              ElementsAre("policy-before",
                          "nas-before",
                          "second-before",
                          "source-before",
                          "source-after ok",
                          "source-finally ok",
                          "nas-after ok",
                          "nas-finally ok",
                          "second-after ok",
                          "second-finally ok",
                          "policy-after ok",
                          "policy-finally ok"));
}

TEST(Hooks, AFailedBeforeFailsItsOwnDestinationOnly) {
  HookKit hooks;
  policy::Policy policy = hooks.kit.policy();
  policy.hooks = hooks.telling("policy");
  policy.destinations[0].hooks = hooks.telling("nas");
  policy.destinations[0].hooks.before.emplace_back("echo the nas sleeps; exit 4");
  policy.destinations[0].hooks.before.push_back(hooks.tell("never"));
  const RunReport report = hooks.run(policy);
  EXPECT_EQ(report.verdict, Verdict::partial);
  EXPECT_THAT(hooks.said(),
              ElementsAre("policy-before",
                          "nas-before",
                          "nas-error failed",
                          "nas-finally failed",
                          "policy-error partial",
                          "policy-finally partial"));
  EXPECT_EQ(hooks.kit.snapshots("second"), 1);
  EXPECT_EQ(hooks.kit.snapshots("nas"), 0);
  for (const RunOutcome& outcome : report.outcomes) {
    if (outcome.destination != "nas") continue;
    ASSERT_TRUE(outcome.failure);
    EXPECT_EQ(outcome.failure->code(), ErrorCode::hook_failed);
    EXPECT_THAT(render(*outcome.failure, Language::en),
                HasSubstr("destinations.nas.hooks.before ended with exit code 4"));
  }
}

TEST(Hooks, AFailedBeforeFailsItsOwnSourceOnly) {
  HookKit hooks;
  policy::Policy policy = hooks.kit.policy();
  policy::Source other = policy.sources[0];
  other.name = "other";
  other.hooks.before = {"kill -9 $$"};
  other.hooks.finally = {hooks.tell("finally")};
  policy.sources.insert(policy.sources.begin(), other);
  const RunReport report = hooks.run(policy);
  EXPECT_EQ(report.verdict, Verdict::failed);
  EXPECT_THAT(hooks.said(), ElementsAre("finally failed"));
  EXPECT_EQ(hooks.kit.snapshots("nas"), 1);
}

TEST(Hooks, ExitCode75LeavesOutWithoutAFailureAndWithoutAGeneration) {
  HookKit hooks;
  policy::Policy policy = hooks.kit.policy();
  policy.sources[0].hooks = hooks.telling("source");
  policy.sources[0].hooks.before = {"exit 75"};
  const RunReport report = hooks.run(policy);
  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_EQ(exit_code(report.verdict), 0);
  // Neither after nor on_error: it was neither done nor did it fail.
  EXPECT_THAT(hooks.said(), ElementsAre("source-finally warning"));
  EXPECT_EQ(hooks.kit.snapshots("nas"), 0);
  EXPECT_EQ(report.outcomes.at(0).failure->code(), ErrorCode::skipped);
  // Nothing was made, so nothing may be deleted.
  EXPECT_THAT(report.forgotten, ::testing::IsEmpty());

  policy.sources[0].hooks = {};
  policy.hooks.before = {"exit 75"};
  EXPECT_EQ(hooks.run(policy).verdict, Verdict::warning);
  EXPECT_EQ(hooks.kit.snapshots("nas"), 0);
}

TEST(Hooks, WhatFailsAfterAGoodGenerationIsAWarning) {
  HookKit hooks;
  policy::Policy policy = hooks.kit.policy();
  policy.sources[0].hooks.after = {"exit 1"};
  policy.hooks.finally = {"exit 75", hooks.tell("next")};
  const RunReport report = hooks.run(policy);
  EXPECT_EQ(report.verdict, Verdict::warning);
  EXPECT_EQ(report.frozen.size(), 2);
  EXPECT_EQ(hooks.kit.snapshots("nas"), 1);
  // One that fails does not keep the next from cleaning up.
  EXPECT_THAT(hooks.said(), ElementsAre("next warning"));
}

TEST(Hooks, ACommandThatTakesTooLongIsEndedWithAllThatItStarted) {
  HookKit hooks;
  policy::Policy policy = hooks.kit.policy();
  policy.hooks.before = {"sleep 600 & echo $! >" + (hooks.kit / "child") + "; wait"};
  policy.hooks.timeout = std::chrono::seconds(1);
  const RunReport report = hooks.run(policy);
  EXPECT_EQ(report.verdict, Verdict::failed);
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code(), ErrorCode::timeout);
  EXPECT_THAT(render(*report.failure, Language::en), HasSubstr("hooks.before"));
  std::ifstream file(hooks.kit / "child");
  int child = 0;
  file >> child;
  ASSERT_GT(child, 0);
  EXPECT_FALSE(os::process_exists(child));
}

TEST(Hooks, FinallyRunsWhenTheRunIsStopped) {
  HookKit hooks;
  policy::Policy policy = hooks.kit.policy();
  std::stop_source source;
  policy.hooks = hooks.telling("policy");
  // The source's command shows that it runs, and is then stopped in its midst.
  policy.sources[0].hooks.before = {"echo waits >" + (hooks.kit / "waits") + "; sleep 600"};
  policy.sources[0].hooks.finally = {hooks.tell("source-finally")};
  TaskGroup tasks{StopToken()};
  tasks.spawn("stop", [&](const StopToken& stop) {
    while (!fs::exists(hooks.kit / "waits") && !stop.stop_requested())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    source.request_stop();
  });
  EXPECT_THROW(hooks.run(policy, source.get_token()), Cancelled);
  tasks.join();
  EXPECT_THAT(hooks.said(),
              ElementsAre("policy-before", "source-finally failed", "policy-finally failed"));
}

TEST(Hooks, GetNoVariablesButThoseThatTell) {
  HookKit hooks;
  policy::Policy policy = hooks.kit.policy();
  ASSERT_EQ(setenv("RESTIC_PASSWORD", "hunter2", 1), 0);  // NOLINT(concurrency-mt-unsafe)
  policy.sources[0].hooks.after = {"env >" + (hooks.kit / "variables")};
  EXPECT_EQ(hooks.run(policy).verdict, Verdict::ok);
  std::stringstream content;
  content << std::ifstream(hooks.kit / "variables").rdbuf();
  const std::string variables = content.str();
  for (const char* line : {"HIKAE_HOOK=after\n",
                           "HIKAE_POLICY_NAME=kit\n",
                           "HIKAE_POLICY=/etc/hikae/policy.yaml\n",
                           "HIKAE_JOB=backup\n",
                           "HIKAE_SOURCE=files\n",
                           "HIKAE_VERDICT=ok\n",
                           "HIKAE_RUN=",
                           "PATH="}) {
    EXPECT_THAT(variables, HasSubstr(line));
  }
  EXPECT_THAT(variables, Not(HasSubstr("hunter2")));
  EXPECT_THAT(variables, Not(HasSubstr("HIKAE_DESTINATION")));
}

}  // namespace
}  // namespace hikae::testing
