// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "logs/sink.h"
#include "os/fd.h"
#include "support/temp_dir.h"

namespace hikae::logs {
namespace {

using ::testing::HasSubstr;

Line run_line() {
  Line line;
  line.severity = LogLevel::error;
  line.event = "run_finished";
  line.policy = "company";
  line.run = "0123456789abcdef";
  line.slot = Instant(std::chrono::seconds(1'795'402'700));
  line.message = "it failed";
  return line;
}

TEST(JournaldSink, SendsOneDatagramOfFields) {
  const hikae::testing::TempDir folder;
  const std::string path = folder / "socket";
  const os::Fd listener(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_EQ(bind(listener.get(), generic, sizeof address), 0);
  const auto sink = make_journald_sink(path);
  ASSERT_TRUE(sink);
  sink->write(run_line());
  std::array<char, 4096> buffer{};
  const ssize_t size = recv(listener.get(), buffer.data(), buffer.size(), 0);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(size)),
            "MESSAGE=it failed\nPRIORITY=3\nSYSLOG_IDENTIFIER=hikae\nHIKAE_EVENT=run_finished\n"
            "HIKAE_POLICY=company\nHIKAE_RUN=0123456789abcdef\nHIKAE_SLOT=2026-11-23T02:58:20Z\n");
}

TEST(JournaldSink, ALineBreakCannotForgeAField) {
  Line line = run_line();
  line.message = "one\nPRIORITY=7";
  const std::string sent = encode_for_journald(line);
  const std::string length{"\x0e\0\0\0\0\0\0\0", 8};
  EXPECT_THAT(sent, ::testing::StartsWith("MESSAGE\n" + length + "one\nPRIORITY=7\nPRIORITY=3\n"));
}

TEST(JournaldSink, IsNotThereWhereNobodyListens) {
  const hikae::testing::TempDir folder;
  EXPECT_FALSE(make_journald_sink(folder / "nothing"));
}

}  // namespace
}  // namespace hikae::logs
