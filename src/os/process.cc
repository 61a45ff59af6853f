// SPDX-License-Identifier: Apache-2.0
#include "os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <sstream>

#include <climits>

#include "base/error.h"
#include "base/units.h"
#include "os/fd.h"
#include "os/files.h"
#include "os/process_spawn.h"
#include "os/wake.h"

namespace hikae::os {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Feeds and drains the three pipes until the program has ended.
class Conversation {
 public:
  Conversation(const ProcessRequest& request, RunningProgram& program, Fd in, Fd out, Fd err)
      : request_(request),
        program_(program),
        in_(std::move(in)),
        out_(std::move(out)),
        err_(std::move(err)),
        rest_(request.input) {
    for (const Fd* fd : {&in_, &out_, &err_}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
    if (request.timeout) deadline_ = SteadyClock::now() + *request.timeout;
  }

  ProcessResult run(const std::stop_token& stop) {
    const NoSigpipe guard;
    const StopFd stopped(stop);
    bool ended = false;
    while (!ended || out_ || err_) {
      feed();
      // A descendant in the background may keep the pipes open: what is there now is the output.
      ended = program_.has_ended();
      drain(out_, result_.output);
      drain(err_, result_.errors);
      if (ended) break;
      wait_for_news(stopped.get());
      if (stop.stop_requested()) throw Cancelled();
      if (deadline_ && SteadyClock::now() >= *deadline_)
        throw Error(ErrorCode::timeout,
                    text("os.program_timed_out", {{"program", request_.argv[0]}}));
    }
    result_.exit_code = program_.wait();
    return std::move(result_);
  }

 private:
  void feed() {
    while (in_ && !rest_.empty()) {
      const ssize_t count = ::write(in_.get(), rest_.data(), rest_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      // EPIPE: it does not want the rest.
      rest_ = count < 0 ? std::string_view() : rest_.substr(static_cast<std::size_t>(count));
    }
    in_ = Fd();
  }

  void drain(Fd& fd, std::string& to) {
    std::array<char, 65536> buffer;  // NOLINT(*-member-init): filled by read
    while (fd) {
      const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        fd = Fd();
        return;
      }
      to.append(buffer.data(), static_cast<std::size_t>(count));
      if (to.size() <= request_.output_limit) continue;
      if (request_.overflow == ProcessRequest::Overflow::drop)
        to.resize(request_.output_limit);
      else
        throw Error(ErrorCode::io, text("os.output_too_long", {{"program", request_.argv[0]}}));
    }
  }

  void wait_for_news(int stopped) {
    std::array<pollfd, 5> polled{{{in_.get(), POLLOUT, 0},
                                  {out_.get(), POLLIN, 0},
                                  {err_.get(), POLLIN, 0},
                                  {program_.ended_fd(), POLLIN, 0},
                                  {stopped, POLLIN, 0}}};
    constexpr std::chrono::milliseconds kLookAgain{50};
    std::chrono::milliseconds wait{program_.ended_fd() < 0 ? kLookAgain.count() : INT_MAX};
    if (deadline_) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - SteadyClock::now());
      wait = std::clamp(left, std::chrono::milliseconds(0), wait);
    }
    if (poll(polled.data(), polled.size(), static_cast<int>(wait.count())) < 0 && errno != EINTR)
      throw system_error(errno, text("os.read_failed"));
  }

  const ProcessRequest& request_;
  RunningProgram& program_;
  Fd in_;
  Fd out_;
  Fd err_;
  std::string_view rest_;
  std::optional<SteadyClock::time_point> deadline_;
  ProcessResult result_;
};

// What proc(5) says of a process from its state on; empty where it says nothing.
std::string stat_of(pid_t pid) {
  try {
    const Bytes content = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    // "pid (name) state …"; the name may hold anything, so the last bracket counts.
    const std::string_view line = as_text(content);
    const std::size_t state = line.rfind(") ");
    return state == std::string_view::npos ? std::string() : std::string(line.substr(state + 2));
  } catch (const Error&) {
    return {};
  }
}

// "pid:[4026531836]"
std::string own_namespace(const char* kind) {
  std::array<char, 64> target{};
  const std::string link = std::string("/proc/self/ns/") + kind;
  const ssize_t size = readlink(link.c_str(), target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

}  // namespace

ProcessResult run_process(const ProcessRequest& request, const std::stop_token& stop) {
  if (request.argv.empty() || request.argv[0].empty())
    throw Error(ErrorCode::invalid_argument, text("os.no_program"));
  Spawned spawned =
      spawn(request.argv, request.environment, {request.working_directory, request.descriptor});
  Conversation conversation(request,
                            *spawned.program,
                            std::move(spawned.input),
                            std::move(spawned.output),
                            std::move(spawned.errors));
  return conversation.run(stop);
}

std::string boot_id() {
  try {
    const Bytes content = read_file("/proc/sys/kernel/random/boot_id", 256);
    const std::string_view line = as_text(content);
    return std::string(line.substr(0, line.find('\n')));
  } catch (const Error&) {
    return {};
  }
}

std::string pid_namespace() {
  return own_namespace("pid");
}

bool process_exists(pid_t pid) {
  if (pid <= 0) return false;
  if (kill(pid, 0) != 0 && errno == ESRCH) return false;
  // One that is hidden from us kill() has seen.
  return !stat_of(pid).starts_with('Z');
}

std::string process_start(pid_t pid) {
  // The state is field 3 of proc(5)'s stat, the start field 22.
  constexpr int kFieldsBefore = 22 - 3;
  std::istringstream fields(stat_of(pid));
  std::string field;
  for (int i = 0; i <= kFieldsBefore; ++i) fields >> field;
  const std::string clock = own_namespace("time");
  return !fields || clock.empty() ? std::string() : clock + " " + field;
}

bool is_same_process(pid_t pid, const std::string& started) {
  if (!process_exists(pid)) return false;
  const std::string now = process_start(pid);
  const auto clock_of = [](const std::string& start) { return start.substr(0, start.find(' ')); };
  return started.empty() || now == started || clock_of(now) != clock_of(started);
}

std::optional<std::uint64_t> peak_memory() {
  constexpr std::size_t kMost = 65536;
  constexpr std::string_view kName = "\nVmHWM:";
  try {
    const Bytes content = read_file("/proc/self/status", kMost);
    const std::string_view status = as_text(content);
    const std::size_t line = status.find(kName);
    if (line == std::string_view::npos) return std::nullopt;
    const std::size_t digits = status.find_first_not_of(" \t", line + kName.size());
    if (digits == std::string_view::npos) return std::nullopt;
    std::uint64_t kibibytes = 0;
    const auto [end, failure] =
        std::from_chars(status.data() + digits, status.data() + status.size(), kibibytes);
    if (failure != std::errc() || kibibytes == 0) return std::nullopt;
    return kibibytes * kKiB;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void reset_peak_memory() noexcept {
  // "5" begins the count anew (proc(5), since Linux 4.0). Best effort.
  const int fd = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(fd, "5", 1);
  ::close(fd);
}

}  // namespace hikae::os
