// SPDX-License-Identifier: Apache-2.0
#include "os/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <climits>

#include "base/error.h"
#include "os/process_spawn.h"

namespace hikae::os {

ChildProcess::ChildProcess(const Request& request) {
  if (request.argv.empty() || request.argv[0].empty())
    throw Error(ErrorCode::invalid_argument, text("os.no_program"));
  Spawned spawned =
      spawn(request.argv, request.environment, {request.working_directory, request.descriptor});
  program_ = std::move(spawned.program);
  input_ = std::move(spawned.input);
  output_ = std::move(spawned.output);
  errors_ = std::move(spawned.errors);
  for (const Fd* fd : {&input_, &output_, &errors_}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  // Only from the usual policy: whoever gave us a lower one means our programs too.
  const sched_param no_priority{};
  if (request.scheduling == Scheduling::batch && sched_getscheduler(0) == SCHED_OTHER)
    sched_setscheduler(program_->pid(), SCHED_BATCH, &no_priority);
  if (request.pipe_bytes == 0) return;
  // Refused where the user's share of pipe memory is used up; then the default does.
  for (const Fd* fd : {&input_, &output_})
    fcntl(fd->get(), F_SETPIPE_SZ, static_cast<int>(request.pipe_bytes));
}

ChildProcess::~ChildProcess() = default;

pid_t ChildProcess::pid() const {
  return program_->pid();
}

std::optional<std::size_t> ChildProcess::write_some(const std::vector<ByteView>& pieces) {
  if (!input_) return std::nullopt;
  std::vector<iovec> parts;
  parts.reserve(pieces.size());
  for (const ByteView piece : pieces) {
    // writev only reads, but its structure serves readv too.
    void* data = const_cast<std::uint8_t*>(piece.data());  // NOLINT(*-pro-type-const-cast)
    if (!piece.empty()) parts.push_back({data, piece.size()});
  }
  const NoSigpipe guard;
  while (true) {
    const ssize_t count = ::writev(
        input_.get(), parts.data(), static_cast<int>(std::min<std::size_t>(parts.size(), IOV_MAX)));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return 0;
    if (errno == EPIPE) {
      input_ = Fd();
      return std::nullopt;
    }
    throw system_error(errno, text("os.write_failed"));
  }
}

std::optional<std::size_t> ChildProcess::read_from(Fd& fd, MutableByteView out) {
  if (!fd) return std::nullopt;
  while (true) {
    const ssize_t count = ::read(fd.get(), out.data(), out.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return 0;
    fd = Fd();
    return std::nullopt;
  }
}

std::optional<std::size_t> ChildProcess::read_output(MutableByteView out) {
  return read_from(output_, out);
}

std::optional<std::size_t> ChildProcess::read_errors(MutableByteView out) {
  return read_from(errors_, out);
}

void ChildProcess::close_input() {
  input_ = Fd();
}

bool ChildProcess::has_ended() const {
  return program_->has_ended();
}

int ChildProcess::wait(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  constexpr std::chrono::milliseconds kLookAgain{20};
  while (!program_->has_ended()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      kill(-program_->pid(), SIGKILL);
      break;
    }
    pollfd ended{program_->ended_fd(), POLLIN, 0};
    // Without a descriptor for its end, poll() only waits.
    const auto wait = ended.fd < 0 ? std::min(left, kLookAgain) : left;
    poll(&ended, 1, static_cast<int>(wait.count()));
  }
  return program_->wait();
}

}  // namespace hikae::os
