// SPDX-License-Identifier: Apache-2.0
#include "os/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>

#include <array>
#include <chrono>
#include <string>

#include <gmock/gmock.h>

#include "base/error.h"
#include "os/process.h"

namespace hikae::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ChildProcess::Request shell(const std::string& script) {
  ChildProcess::Request request;
  request.argv = {"sh", "-c", script};
  return request;
}

// Polls until `enough` holds for what was read, or the stream ends.
template <typename Read, typename Enough>
std::string read_until(int fd, Read read, Enough enough) {
  std::string result;
  std::array<std::uint8_t, 4096> buffer{};
  while (!enough(result)) {
    pollfd polled{fd, POLLIN, 0};
    if (poll(&polled, 1, 10000) <= 0) break;
    const auto count = read(MutableByteView(buffer));
    if (!count) break;
    result += as_text(ByteView(buffer).first(*count));
  }
  return result;
}

std::string output_line(ChildProcess& child) {
  return read_until(
      child.output_fd(),
      [&](MutableByteView out) { return child.read_output(out); },
      [](const std::string& text) { return text.ends_with('\n'); });
}

TEST(ChildProcess, AnswersWhileItRuns) {
  ChildProcess child(shell("while read -r line; do echo \"<$line>\"; done; echo end >&2; exit 3"));
  for (const char* word : {"one", "two"}) {
    const std::string line = std::string(word) + "\n";
    EXPECT_EQ(child.write_some({as_bytes(line).first(1), as_bytes(line).subspan(1)}), line.size());
    EXPECT_EQ(output_line(child), "<" + std::string(word) + ">\n");
  }
  EXPECT_FALSE(child.has_ended());
  child.close_input();
  EXPECT_EQ(child.write_some({as_bytes("x")}), std::nullopt);
  EXPECT_EQ(read_until(
                child.errors_fd(),
                [&](MutableByteView out) { return child.read_errors(out); },
                [](const std::string&) { return false; }),
            "end\n");
  EXPECT_EQ(child.wait(seconds(10)), 3);
}

TEST(ChildProcess, NeverBlocks) {
  ChildProcess child(shell("read -r line; read -r line"));
  std::array<std::uint8_t, 16> buffer{};
  EXPECT_EQ(child.read_output(buffer), 0U);
  const std::string much(1 << 20, 'x');
  std::size_t taken = 0;
  while (const auto count = child.write_some({as_bytes(much)}).value_or(0)) taken += count;
  EXPECT_GT(taken, 0U);
}

TEST(ChildProcess, TellsOfAProgramThatReadsNoMore) {
  ChildProcess child(shell("exec <&-; echo closed; sleep 60"));
  EXPECT_EQ(output_line(child), "closed\n");
  EXPECT_EQ(child.write_some({as_bytes("x")}), std::nullopt);
}

TEST(ChildProcess, IsKilledWithItsGroupAndReaped) {
  pid_t child_pid = 0;
  pid_t grandchild = 0;
  {
    ChildProcess child(shell("sleep 600 & echo $!; wait"));
    child_pid = child.pid();
    grandchild = std::stoi(output_line(child));
    EXPECT_TRUE(process_exists(child_pid));
  }
  EXPECT_FALSE(process_exists(child_pid));
  // It is no child of ours: whoever inherited it reaps it.
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (process_exists(grandchild) && std::chrono::steady_clock::now() < deadline)
    poll(nullptr, 0, 5);
  EXPECT_FALSE(process_exists(grandchild));
}

TEST(ChildProcess, KillsWhatDoesNotEnd) {
  ChildProcess child(shell("trap '' TERM HUP; echo ready; while :; do sleep 1; done"));
  EXPECT_EQ(output_line(child), "ready\n");
  EXPECT_EQ(child.wait(milliseconds(20)), 128 + SIGKILL);
}

TEST(ChildProcess, WidensThePipes) {
  ChildProcess::Request request = shell("read -r line");
  request.pipe_bytes = 256 << 10;
  const ChildProcess child(request);
  EXPECT_GE(fcntl(child.input_fd(), F_GETPIPE_SZ), 256 << 10);
}

TEST(ChildProcess, LetsBulkWorkPushNobodyAside) {
  if (sched_getscheduler(0) != SCHED_OTHER) GTEST_SKIP() << "the tests themselves run otherwise";
  ChildProcess::Request request = shell("read line");
  EXPECT_EQ(sched_getscheduler(ChildProcess(request).pid()), SCHED_OTHER);
  request.scheduling = ChildProcess::Scheduling::batch;
  EXPECT_EQ(sched_getscheduler(ChildProcess(request).pid()), SCHED_BATCH);
}

TEST(ChildProcess, SaysThatAProgramIsMissing) {
  ChildProcess::Request request;
  request.argv = {"/nonexistent/program"};
  try {
    const ChildProcess child(request);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(render(error, Language::en), ::testing::HasSubstr("/nonexistent/program"));
  }
}

}  // namespace
}  // namespace hikae::os
