// SPDX-License-Identifier: Apache-2.0
#include "os/process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <stop_token>

#include <gmock/gmock.h>

#include "base/error.h"
#include "concurrency/task_group.h"
#include "os/fd.h"
#include "os/signals.h"
#include "support/temp_dir.h"

namespace hikae::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ProcessRequest shell(const std::string& script) {
  ProcessRequest request;
  request.argv = {"sh", "-c", script};
  return request;
}

ErrorCode code_of(const ProcessRequest& request) {
  try {
    run_process(request);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::io;
}

TEST(RunProcess, ReturnsExitCodeAndBothOutputs) {
  const ProcessResult result = run_process(shell("echo out; echo err >&2; exit 7"));
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
}

TEST(RunProcess, PassesArgumentsAsTheyAre) {
  ProcessRequest request;
  request.argv = {"printf", "%s|", "a b", "$HOME", "'\"*", ""};
  EXPECT_EQ(run_process(request).output, "a b|$HOME|'\"*||");
}

TEST(RunProcess, GivesMoreInputThanAPipeHolds) {
  ProcessRequest request;
  request.argv = {"cat"};
  request.input = std::string(1 << 20, 'x');
  EXPECT_EQ(run_process(request).output, request.input);
}

TEST(RunProcess, SurvivesAProgramThatDoesNotRead) {
  ProcessRequest request = shell("exit 3");
  request.input = std::string(1 << 20, 'x');
  EXPECT_EQ(run_process(request).exit_code, 3);
}

TEST(RunProcess, ReplacesTheEnvironment) {
  ProcessRequest request;
  request.argv = {"/usr/bin/env"};
  request.environment = {"ONE=1", "TWO=a b"};
  EXPECT_EQ(run_process(request).output, "ONE=1\nTWO=a b\n");
}

TEST(RunProcess, ReportsDeathBySignal) {
  EXPECT_EQ(run_process(shell("kill -TERM $$")).exit_code, 128 + SIGTERM);
}

TEST(RunProcess, UnknownProgramIsNotFound) {
  ProcessRequest request;
  request.argv = {"hikae-no-such-program"};
  EXPECT_EQ(code_of(request), ErrorCode::not_found);
  request.argv = {};
  EXPECT_EQ(code_of(request), ErrorCode::invalid_argument);
}

TEST(RunProcess, KillsTheWholeGroupAfterTheTimeout) {
  const hikae::testing::TempDir dir;
  ProcessRequest request = shell("sleep 600 & echo $! > " + (dir / "pid") + "; wait");
  request.timeout = milliseconds(200);
  EXPECT_EQ(code_of(request), ErrorCode::timeout);
  const pid_t grandchild = std::stoi(hikae::testing::read_file(dir / "pid"));
  // Init may take a moment to bury it.
  for (int i = 0; i < 500 && process_exists(grandchild); ++i) usleep(1000);
  EXPECT_FALSE(process_exists(grandchild));
}

TEST(RunProcess, DoesNotWaitForADescendantInTheBackground) {
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result = run_process(shell("echo done; setsid sleep 20 & exit 0"));
  EXPECT_EQ(result.output, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(10));
}

TEST(RunProcess, EndsWhenStopIsRequested) {
  std::stop_source source;
  TaskGroup group{StopToken()};
  group.spawn("stopper", [&](const StopToken&) { source.request_stop(); });
  EXPECT_THROW(run_process(shell("sleep 600"), source.get_token()), Cancelled);
  group.join();
}

TEST(RunProcess, BoundsTheOutput) {
  ProcessRequest request = shell("yes");
  request.output_limit = 100000;
  EXPECT_EQ(code_of(request), ErrorCode::io);
}

TEST(RunProcess, LeaksNoDescriptorAndNoSignalMask) {
  const TerminationSignals blocked;
  // Opened without O_CLOEXEC, as a careless library would.
  const Fd leaky(::open("/dev/null", O_RDONLY));  // NOLINT(android-cloexec-open)
  const std::string descriptors = run_process(shell("ls /proc/self/fd")).output;
  // 0, 1, 2 and the one with which ls reads the folder.
  EXPECT_EQ(std::count(descriptors.begin(), descriptors.end(), '\n'), 4) << descriptors;
  EXPECT_THAT(run_process(shell("grep SigBlk /proc/self/status")).output,
              ::testing::HasSubstr("0000000000000000"));
}

TEST(PeakMemory, CountsFromWhenItIsAskedTo) {
  constexpr std::uint64_t kMuch = std::uint64_t{200} << 20U;
  {
    const std::vector<char> much(kMuch, 1);
    const auto peak = peak_memory();
    ASSERT_TRUE(peak);
    EXPECT_GE(*peak, kMuch);
    EXPECT_EQ(much.back(), 1);
  }
  reset_peak_memory();
  EXPECT_LT(peak_memory().value(), kMuch);
}

TEST(TerminationSignals, AreReceivedByTheWaitingThread) {
  const TerminationSignals signals;
  kill(getpid(), SIGTERM);
  EXPECT_EQ(signals.wait({}), SIGTERM);
  kill(getpid(), SIGINT);
  EXPECT_EQ(signals.wait({}), SIGINT);
  EXPECT_EQ(exit_code_of_signal(SIGINT), 130);
}

TEST(TerminationSignals, WaitEndsWithAStop) {
  const TerminationSignals signals;
  std::stop_source source;
  TaskGroup group{StopToken()};
  std::optional<int> received = 0;
  group.spawn("signals", [&](const StopToken&) { received = signals.wait(source.get_token()); });
  source.request_stop();
  group.join();
  EXPECT_EQ(received, std::nullopt);
}

}  // namespace
}  // namespace hikae::os
