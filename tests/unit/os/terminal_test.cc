// SPDX-License-Identifier: Apache-2.0
#include "os/terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>

#include <gmock/gmock.h>

#include "os/fd.h"
#include "support/temp_dir.h"

namespace hikae::os {
namespace {

TEST(Terminal, IsToldFromAFile) {
  const hikae::testing::TempDir dir;
  const Fd file = open_file(dir / "a", O_CREAT | O_RDWR, 0600);
  EXPECT_FALSE(is_terminal(file.get()));
  EXPECT_EQ(terminal_width(file.get()), 80U);
}

TEST(Terminal, TellsItsWidth) {
  int master = -1;
  int slave = -1;
  const winsize size{40, 123, 0, 0};
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, &size), 0);
  const Fd first(master);
  const Fd second(slave);
  EXPECT_TRUE(is_terminal(slave));
  EXPECT_EQ(terminal_width(slave), 123U);
}

// Reads from the terminal until `end` is seen.
std::string read_until(int fd, const std::string& end) {
  std::string seen;
  std::array<char, 256> buffer{};
  while (seen.find(end) == std::string::npos) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) break;
    seen.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return seen;
}

TEST(Terminal, PasswordIsNotEchoed) {
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string answer = read_password_without_echo("Password: ", {});
    termios after{};
    tcgetattr(STDIN_FILENO, &after);
    const bool echoes = (after.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
    const std::string verdict = answer == "s3cret \xe9\x8d\xb5" && echoes ? "accepted" : "refused";
    write_all(STDOUT_FILENO, as_bytes(verdict + "."));
    _exit(0);
  }
  const Fd terminal(master);
  std::string seen = read_until(master, "Password: ");
  write_all(master, as_bytes("s3cret \xe9\x8d\xb5\n"));
  seen += read_until(master, ".");
  waitpid(child, nullptr, 0);
  EXPECT_THAT(seen, ::testing::HasSubstr("accepted"));
  EXPECT_THAT(seen, ::testing::Not(::testing::HasSubstr("s3cret")));
}

}  // namespace
}  // namespace hikae::os
