// SPDX-License-Identifier: Apache-2.0
#include "os/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/bytes.h"
#include "base/error.h"
#include "os/fd.h"
#include "os/wake.h"

namespace hikae::os {
namespace {

class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    if (tcgetattr(fd_, &before_) != 0) return;
    active_ = true;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  ~EchoOff() {
    if (active_) tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  int fd_;
  termios before_{};
  bool active_ = false;
};

std::string read_line(int fd, const std::stop_token& stop) {
  const StopFd stopped(stop);
  std::string line;
  for (;;) {
    std::array<pollfd, 2> polled{{{fd, POLLIN, 0}, {stopped.get(), POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
      throw system_error(errno, text("os.read_failed"));
    if (stop.stop_requested()) throw Cancelled();
    if (polled[0].revents == 0) continue;
    // Byte by byte: what follows the line belongs to another reader.
    std::uint8_t byte = 0;
    if (read_some(fd, {&byte, 1}) == 0) {
      if (line.empty()) throw Error(ErrorCode::io, text("os.no_answer"));
      return line;
    }
    if (byte == '\n') return line;
    line += static_cast<char>(byte);
  }
}

}  // namespace

bool is_terminal(int fd) {
  return isatty(fd) == 1;
}

std::size_t terminal_width(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string read_password_without_echo(const std::string& prompt, const std::stop_token& stop) {
  const Fd terminal = try_open("/dev/tty", O_RDWR | O_NOCTTY);
  const int fd = terminal ? terminal.get() : STDIN_FILENO;
  const EchoOff quiet(fd);
  if (terminal) write_all(fd, as_bytes(prompt));
  return read_line(fd, stop);
}

}  // namespace hikae::os
